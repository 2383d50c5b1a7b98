import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { main } from '../../kernel/cli/main.ts'
import { createKernel } from '../../kernel/index.ts'
import type { StoredRecord } from '../../kernel/ports/storage/index.ts'
import { silentLog } from '../contract/log.ts'
import { document, id } from '../contract/storage-arbitrary.ts'
import { recorder } from '../kernel/cli/recorder.ts'
import { serverKind } from './mongodb.ts'
import { databaseOf, testWith } from './server.ts'

interface Application {
  readonly directory: string
  /** The path of a manifest over this connection. */
  manifest(name: string, connection: object): Promise<string>
}

/** The same collections whatever the connection: that is the whole swap. */
async function application(t: ExecutionContext): Promise<Application> {
  const directory = await mkdtemp(join(tmpdir(), 'portico-swap-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const collections = { plain: {}, indexed: { indexes: [['a'], ['-a', 'b'], ['b', '-$createdAt'], ['-c']] } }
  return {
    directory,
    async manifest(name, connection) {
      const path = join(directory, `${name}.yaml`)
      // JSON is YAML.
      await writeFile(path, JSON.stringify({ version: 1, name: 'swap', connections: { main: connection }, ports: { storage: { on: 'main', collections } } }))
      return path
    },
  }
}

/** All that a binding answers, in the orders of its indexes and of the ids. */
async function everything(manifest: string): Promise<readonly (readonly Omit<StoredRecord, 'version'>[])[]> {
  const kernel = await createKernel(manifest, { env: {}, log: silentLog })
  try {
    const answers = []
    for (const [collection, orderBy] of [['plain', undefined], ['indexed', undefined], ['indexed', ['-a', 'b']], ['indexed', ['b', '-$createdAt']], ['indexed', ['-c']]] as const) {
      const records = []
      for (let after: string | null | undefined; after !== null;) {
        const page: { items: readonly StoredRecord[]; next: string | null } = await kernel.ports.storage.find({ collection, limit: 100, ...(orderBy && { orderBy }), ...(after !== undefined && { after }) })
        records.push(...page.items.map(({ version: _made, ...record }) => record))
        after = page.next
      }
      answers.push(records)
    }
    return answers
  } finally {
    await kernel.close()
  }
}

/** `utf16Ids`: only ids whose order is the same by UTF-16, as the stand-in for MongoDB has it. */
async function fill(manifest: string, utf16Ids: boolean): Promise<void> {
  const ids = utf16Ids ? id.filter((one) => /^[^\ud800-\uffff]*$/.test(one)) : id
  const kernel = await createKernel(manifest, { env: {}, log: silentLog })
  const { storage } = kernel.ports
  for (const value of fc.sample(document, 300)) {
    await storage.insert({ collection: 'plain', value })
    await storage.insert({ collection: 'indexed', value })
  }
  for (const one of new Set(fc.sample(ids, 200))) await storage.put({ collection: 'plain', id: one, value: { id: one }, ttlMs: 3_600_000 })
  await kernel.close()
}

async function cli(t: ExecutionContext, directory: string, ...argv: readonly string[]): Promise<object> {
  const terminal = recorder(directory)
  t.is(await main([...argv, '--json'], terminal), 0, terminal.written.err || terminal.written.out)
  return JSON.parse(terminal.written.out) as object
}

for (const server of ['POSTGRES', 'MARIADB', 'MONGODB'] as const) {
  testWith([server], `documents that came from SQLite are found the same, and go back the same`, async (t, url) => {
    t.timeout(120_000)
    const { connection } = await databaseOf(t, url)
    const { utf16Ids } = server === 'MONGODB' ? await serverKind(url) : { utf16Ids: false }
    const { directory, manifest } = await application(t)
    const [from, to, back] = [await manifest('from', { use: 'sqlite', with: { file: 'from.db' } }), await manifest('to', connection), await manifest('back', { use: 'sqlite', with: { file: 'back.db' } })]
    await fill(from, utf16Ids)

    await cli(t, directory, 'storage', 'export', '-f', from, '--out', 'there')
    const done = await cli(t, directory, 'storage', 'import', '-f', to, '--in', 'there')
    await cli(t, directory, 'storage', 'export', '-f', to, '--out', 'again')
    await cli(t, directory, 'storage', 'import', '-f', back, '--in', 'again')

    const wanted = await everything(from)
    const records = (wanted[0]?.length ?? 0) + (wanted[1]?.length ?? 0)
    t.like(done, { ok: true, added: records })
    t.deepEqual(await everything(to), wanted)
    t.deepEqual(await everything(back), wanted)
    t.like(await cli(t, directory, 'storage', 'import', '-f', to, '--in', 'there', '--resume'), { added: 0, same: records })
  })
}
