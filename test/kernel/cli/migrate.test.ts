import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { main } from '../../../kernel/cli/main.ts'
import { recorder } from './recorder.ts'

const test = anyTest as TestFn<{ directory: string }>

const manifest = (collections: string) => `version: 1
name: shop
connections: { main: { use: sqlite, with: { file: shop.db, writer: main } } }
ports:
  storage:
    on: main
    migrate: manual
    migrations: ./steps
    collections: ${collections}
`

test.beforeEach(async (t) => {
  t.context.directory = await mkdtemp(join(tmpdir(), 'portico-migrate-'))
  await mkdir(join(t.context.directory, 'steps'))
  await write(t.context.directory, '{ orders: { indexes: [[status]] }, carts: {} }')
})

test.afterEach.always(async (t) => {
  await rm(t.context.directory, { recursive: true, force: true })
})

async function write(directory: string, collections: string): Promise<void> {
  await writeFile(join(directory, 'infra.config.yaml'), manifest(collections))
}

async function run(directory: string, ...argv: string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const terminal = recorder(directory)
  const status = await main([...argv, '-f', join(directory, 'infra.config.yaml')], terminal)
  return { status, ...terminal.written }
}

const json = (text: string) => JSON.parse(text) as unknown

test('status, plan and apply take a new application from nothing to what its manifest says', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'steps', '0001-first.ts'), `export default { async run({ storage, unit }: { storage: any, unit: unknown }) { await storage.put({ collection: 'orders', id: 'o1', value: {} }, { unit }) } }\n`)

  const before = await run(directory, 'migrate', 'status')
  t.is(before.status, 1)
  t.regex(before.err, /pending +make the collection orders +\[status\]\n/)
  t.regex(before.err, /pending +0001-first\.ts\n/)

  const plan = await run(directory, 'migrate', 'plan')
  t.is(plan.status, 0)
  t.regex(plan.out, /-- make the collection orders \[status\]\ncreate table `storage__orders` .*;\n/)
  t.regex(plan.out, /create index `i_[0-9a-f]{16}` on `storage__orders` \(`k_[0-9a-f]{16}`\);\n/)
  t.regex(plan.out, /-- run the step 0001-first\.ts\n/)
  t.is((await run(directory, 'migrate', 'status')).status, 1)

  const applied = await run(directory, 'migrate', 'apply')
  t.is(applied.status, 0, applied.err)
  t.regex(applied.out, /done {2}make the collection orders \[status\]\n/)
  t.regex(applied.out, /done {2}run the step 0001-first\.ts\n/)
  t.like(await run(directory, 'migrate', 'status'), { status: 0, err: '' })
  t.regex((await run(directory, 'migrate', 'plan')).out, /nothing is to be done/)
  t.regex((await run(directory, 'storage', 'export')).out, /"id":"o1"/)
})

test('what is no longer declared stays, and goes with its loss told before, when that is allowed', async (t) => {
  const { directory } = t.context
  await run(directory, 'migrate', 'apply')
  await write(directory, '{ carts: { unique: [[name]] } }')

  const kept = await run(directory, 'migrate', 'apply')
  t.regex(kept.out, /left {2}only with --allow-destructive: drop the collection orders: no record is lost\n/)
  t.like(json((await run(directory, 'migrate', 'plan', '--json')).out), { removals: [{ collection: 'orders', statements: ['drop table if exists `storage__orders`'] }] })

  const gone = await run(directory, 'migrate', 'apply', '--allow-destructive')
  t.is(gone.err, 'drop the collection orders: no record is lost\n')
  t.regex(gone.out, /done {2}drop the collection orders/)
  t.like(json((await run(directory, 'migrate', 'status', '--json')).out), { pending: false, changes: [], removals: [] })
})

test('with migrate: manual nothing else makes what is missing, and the remedy is told', async (t) => {
  const { directory } = t.context
  const exported = await run(directory, 'storage', 'export')

  t.is(exported.status, 1)
  t.regex(exported.err, /portico migrate apply storage`: make the collection orders.*\(STORAGE_MIGRATIONS_PENDING\)/)
  t.is((await run(directory, 'doctor')).status, 0)
  t.is((await run(directory, 'migrate', 'status')).status, 1)
})

test('doctor tells of a step that was edited', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'steps', '1-a.mjs'), 'export default { run: async () => undefined }\n')
  await run(directory, 'migrate', 'apply')
  await writeFile(join(directory, 'steps', '1-a.mjs'), 'export default { run: async () => null }\n')

  const found = await run(directory, 'doctor')

  t.is(found.status, 1)
  t.regex(found.err, /the step 1-a\.mjs was edited/)
  t.regex((await run(directory, 'migrate', 'status')).err, /edited +1-a\.mjs/)
})

test('steps that cannot be are told where the manifest names them', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'steps', 'a.ts'), '')

  const { status, err } = await run(directory, 'check')

  t.is(status, 1)
  t.regex(err, /infra\.config\.yaml:8:17 ports\.storage\.migrations: \.\/steps\/a\.ts must begin with a number/)
})

const counting = 'export default { collection: \'orders\', each: ({ value }) => ({ ...value, seen: (value.seen ?? 0) + 1 }) }\n'

/** The same application on another file. */
const toOther = (directory: string, ...argv: string[]) => run(directory, ...argv, '--set', 'connections.main.with.file=other.db', '--set', 'ports.storage.migrate=auto')

test('an export tells the steps that its records have been through, and an import neither repeats nor misses one', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'steps', '1-count.mjs'), counting)
  await run(directory, 'migrate', 'apply')
  const ran = join(directory, 'ran.ndjson')
  await writeFile(join(directory, 'records.ndjson'), `{"format":"portico-storage","version":1,"name":"shop","binding":"storage","exportedAt":"x","collections":{"orders":1}}\n{"collection":"orders","id":"o1","value":{"seen":1},"createdAt":"2020-01-02T03:04:05.006Z","updatedAt":"2020-01-02T03:04:05.006Z"}\n`)
  t.like(await run(directory, 'storage', 'import', '--in', join(directory, 'records.ndjson'), '--partial'), { status: 0 })
  await run(directory, 'storage', 'export', '--out', ran)
  await writeFile(join(directory, 'steps', '2-count.mjs'), counting)

  const imported = await toOther(directory, 'storage', 'import', '--in', ran)
  t.regex(imported.out, /still to run, by portico migrate apply or the next start: 2-count\.mjs\n/)
  t.is((await toOther(directory, 'migrate', 'apply')).status, 0)
  t.regex((await toOther(directory, 'storage', 'export')).out, /"id":"o1","value":\{"seen":2\}/)

  const refused = await toOther(directory, 'storage', 'import', '--in', ran, '--on-conflict', 'replace')
  t.is(refused.status, 1)
  t.regex(refused.err, /the step 2-count\.mjs has run here, .*--ignore-steps \(STORAGE_MIGRATION_REFUSED\)\nnothing was imported/)
  t.is((await toOther(directory, 'storage', 'import', '--in', ran, '--on-conflict', 'replace', '--ignore-steps')).status, 0)
})
