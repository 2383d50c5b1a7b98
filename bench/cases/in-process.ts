import { join } from 'node:path'
import { value } from '../document.ts'
import type { Case, Figure } from '../figure.ts'
import { nanosecondsEach } from '../measure.ts'
import { inFolder } from '../process.ts'

const manifest = `version: 1
name: bench
connections:
  main: { use: sqlite, with: { file: bench.db } }
ports:
  storage: { on: main, collections: { orders: {} } }
`

const inProcess: Case = {
  name: 'a call through the binding, in process',
  run: () => inFolder(manifest, async (directory): Promise<readonly Figure[]> => {
    // The built library, as an application gets it; its types are those of the sources.
    const { createKernel } = (await import(new URL('../../dist/kernel/index.js', import.meta.url).href)) as typeof import('../../kernel/index.ts')
    const kernel = await createKernel(join(directory, 'infra.config.yaml'), { env: {} })
    try {
      return await storage(kernel.ports, join(directory, 'peer.db'))
    } finally {
      await kernel.close()
    }
  }),
}

export default inProcess

type Bound = Awaited<ReturnType<typeof import('../../kernel/index.ts').createKernel>>['ports']

async function storage(ports: Bound, file: string): Promise<readonly Figure[]> {
  await ports.storage.put({ collection: 'orders', id: 'o1', value })
  const statement = await bareStatement(file)

  const ns = await nanosecondsEach({
    bare: () => statement.get('o1'),
    parsed: () => JSON.parse((statement.get('o1') as { readonly value: string }).value) as unknown,
    binding: () => ports.storage.get({ collection: 'orders', id: 'o1' }),
  }, 5_000)
  return [
    { name: 'storage get beyond the bare statement', value: (ns.binding - ns.bare) / 1_000, unit: 'µs', atMost: 6, of: `${(ns.binding / 1_000).toFixed(1)} µs against ${(ns.bare / 1_000).toFixed(1)} µs` },
    { name: 'storage get beyond the statement and JSON.parse', value: (ns.binding - ns.parsed) / 1_000, unit: 'µs' },
  ]
}

async function bareStatement(file: string) {
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.exec('create table orders (id text primary key, value text not null, version text not null, created_at integer not null, updated_at integer not null) without rowid')
  database.prepare('insert into orders values (?, ?, ?, ?, ?)').run('o1', JSON.stringify(value), 'v1', Date.now(), Date.now())
  return database.prepare('select id, value, version, created_at, updated_at from orders where id = ?')
}
