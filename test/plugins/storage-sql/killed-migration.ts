import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { silentLog } from '../../contract/log.ts'

const program = fileURLToPath(new URL('../../../kernel/cli/portico.ts', import.meta.url))
const collection = 'orders'

/** Applies the migrations in a process of its own, which is killed once it has told of so many records; answers its exit status, null when it was killed. */
async function apply(manifest: string, killAfter: number): Promise<number | null> {
  const child = spawn(process.execPath, [program, 'migrate', 'apply', '-f', manifest], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text.split('.').length - 1
    if (told >= killAfter) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return child.exitCode
}

/**
 * Kills `portico migrate apply` in the middle of a data step, again and again, and lets it finish at last: every record was
 * changed once, a step that came before ran once, and the indexes hold what they should.
 */
export async function killInTheMiddle(t: ExecutionContext, directory: string, connection: object, records: number): Promise<void> {
  await mkdir(join(directory, 'steps'))
  const manifestOf = (orders: object, steps: object) => ({ version: 1, name: 'killed', connections: { main: connection }, ports: { storage: { on: 'main', collections: { orders }, ...steps } } })
  const first = await createKernel(manifestOf({}, {}), { directory, log: silentLog, env: {} })
  const ids = Array.from({ length: records }, (_, n) => `o${String(n).padStart(6, '0')}`)
  for (let at = 0; at < records; at += 500) {
    await first.ports.storage.write({ operations: ids.slice(at, at + 500).map((id, n) => ({ insert: { collection, id, value: { n: (at + n) % 7 } } })) })
  }
  await first.close()

  const manifest = join(directory, 'infra.config.yaml')
  await writeFile(manifest, JSON.stringify(manifestOf({ indexes: [['n'], ['seen']] }, { migrations: './steps' })))
  await writeFile(join(directory, 'steps', '1-once.mjs'), `export default { async run({ storage, unit }) { await storage.insert({ collection: 'orders', id: 'once', value: { once: true } }, { unit }) } }`)
  await writeFile(join(directory, 'steps', '2-each.mjs'), `export default { collection: 'orders', where: { n: { $exists: true } }, batch: 20, each: ({ value }) => { process.stdout.write('.'); return { ...value, seen: (value.seen ?? 0) + 1 } } }`)

  // Each run is let come a little further; batches that were told of and not committed are told again.
  let killed = 0
  while (await apply(manifest, killed < 4 ? records / 6 : Number.POSITIVE_INFINITY) === null) killed++

  t.is(killed, 4)
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { ports } = kernel
  t.deepEqual(await ports.storage.count({ collection, where: { seen: 1 } }), { count: records })
  t.deepEqual(await ports.storage.count({ collection }), { count: records + 1 })
  t.deepEqual(await ports.storage.count({ collection, where: { n: { $gte: 0 } } }), { count: records })
  const { steps } = await ports.storage.migrationPlan()
  t.like(steps, [{ name: '1-once.mjs', state: 'applied' }, { name: '2-each.mjs', state: 'applied', examined: records + 1, changed: records }])
}
