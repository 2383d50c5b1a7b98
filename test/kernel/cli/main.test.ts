import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { main } from '../../../kernel/cli/main.ts'
import { recorder } from './recorder.ts'

const test = anyTest as TestFn<{ directory: string }>

test.beforeEach(async (t) => {
  t.context.directory = await mkdtemp(join(tmpdir(), 'portico-cli-'))
})

test.afterEach.always(async (t) => {
  await rm(t.context.directory, { recursive: true, force: true })
})

async function manifest(directory: string, text: string, name = 'infra.config.yaml'): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, text)
  return file
}

const good = 'version: 1\nname: shop\nports:\n  cache: { use: lru, with: { maxSize: 1MiB } }\n'

test('the command line at fault is 2', async (t) => {
  for (const argv of [['chek'], ['check', '--flie', 'a'], ['completion'], ['plan', '--against', 'a', '--url', 'b']]) {
    const terminal = recorder()
    t.is(await main(argv, terminal), 2, argv.join(' '))
    t.is(terminal.written.out, '')
    t.not(terminal.written.err, '')
  }
})

test('a mistyped command is not taken for a manifest', async (t) => {
  const terminal = recorder()

  await main(['chek'], terminal)

  t.regex(terminal.written.err, /unknown command "chek".*did you mean "check"/)
})

test('help and version are 0', async (t) => {
  for (const argv of [['--help'], ['--version'], ['help', 'start']]) t.is(await main(argv, recorder()), 0)
})

test('check: a good manifest is 0, a wrong one 1 with every problem at its place', async (t) => {
  const file = await manifest(t.context.directory, good)
  const told = recorder()
  t.is(await main(['check', file], told), 0)
  t.regex(told.written.out, /is good: 0 connections, 1 binding, 0 extensions\n/)

  const wrong = await manifest(t.context.directory, 'version: 1\nname: shop\nprots: {}\nports: { cache: { use: lru, with: { maxSise: 1MiB } } }\n')
  const terminal = recorder()
  t.is(await main(['check', '-f', wrong], terminal), 1)
  t.is(terminal.written.out, '')
  t.regex(terminal.written.err, /infra\.config\.yaml:3:1 prots: /)
  t.regex(terminal.written.err, /infra\.config\.yaml:4:37 .*maxSise.*did you mean "maxSize"/)
})

test('check --json tells the problems on standard output', async (t) => {
  const file = await manifest(t.context.directory, 'version: 1\nname: shop\nprots: {}\n')
  const terminal = recorder()

  t.is(await main(['check', file, '--json'], terminal), 1)

  const { valid, problems } = JSON.parse(terminal.written.out) as { valid: boolean; problems: readonly object[] }
  t.false(valid)
  t.like(problems[0], { path: 'prots', at: { line: 3, column: 1 } })
})

test('a manifest that is not there is 1', async (t) => {
  const terminal = recorder()

  t.is(await main(['check', '-f', join(t.context.directory, 'none.yaml')], terminal), 1)
  t.regex(terminal.written.err, /none\.yaml does not exist; `portico init` writes one/)
})

test('init writes a manifest that is good, and never over another', async (t) => {
  const file = join(t.context.directory, 'My Shop', 'infra.config.yaml')
  await mkdir(join(t.context.directory, 'My Shop'))

  t.is(await main(['init', '-f', file], recorder()), 0)
  t.is(await main(['check', file], recorder()), 0)
  t.regex(await readFile(file, 'utf8'), /^name: my-shop$/m)

  t.is(await main(['init', '-f', file], recorder()), 1)
  t.is(await main(['init', '-f', file, '--force'], recorder()), 0)
})

test('explain tells each value with its origin', async (t) => {
  const file = await manifest(t.context.directory, good)
  const terminal = recorder(t.context.directory, { PORTICO_SERVER_PORT: '7171' })

  t.is(await main(['explain', '-f', file, '--set', 'ports.cache.with.maxSize=2MiB', '--json'], terminal), 0)

  const { settings } = JSON.parse(terminal.written.out) as { settings: readonly { path: string; value: unknown; origin: object }[] }
  const at = (path: string) => settings.find((one) => one.path === path)
  t.like(at('name'), { value: 'shop', origin: { line: 2 } })
  t.like(at('server.port'), { value: 7171, origin: { env: 'PORTICO_SERVER_PORT' } })
  t.like(at('ports.cache.with.maxSize'), { value: '2MiB' })
  t.true('flag' in (at('ports.cache.with.maxSize')?.origin ?? {}))
  t.deepEqual(at('ports.cache.with.maxEntries')?.origin ?? { default: true }, { default: true })
})

test('explain with a path tells what is below it, and refuses one that is not there', async (t) => {
  const file = await manifest(t.context.directory, good)
  const terminal = recorder()

  t.is(await main(['explain', 'ports.cache', '-f', file], terminal), 0)
  t.true(terminal.written.out.split('\n').slice(1, -1).every((line) => line.startsWith('ports.cache.')))

  const refused = recorder()
  t.is(await main(['explain', 'ports.cahce', '-f', file], refused), 1)
  t.regex(refused.written.err, /ports\.cahce; did you mean "ports\.cache"\?/)
})

test('plan tells what a changed manifest starts, restarts and stops', async (t) => {
  const before = await manifest(t.context.directory, good, 'before.yaml')
  const after = await manifest(t.context.directory, 'version: 1\nname: shop\nports:\n  cache.second: { use: lru }\n  cache: { use: lru, with: { maxSize: 2MiB } }\n')
  const terminal = recorder()

  t.is(await main(['plan', '-f', after, '--against', before, '--json'], terminal), 0)

  const { changes } = JSON.parse(terminal.written.out) as { changes: readonly { action: string; name: string }[] }
  t.deepEqual(changes.map(({ action, name }) => `${action} ${name}`), ['keep server', 'start cache.second', 'restart cache'])
})

test('plan against a server that does not answer is 1', async (t) => {
  const file = await manifest(t.context.directory, good)
  const terminal = recorder()

  t.is(await main(['plan', '-f', file, '--url', 'http://127.0.0.1:1'], terminal), 1)
  t.regex(terminal.written.err, /no Portico answers at http:\/\/127\.0\.0\.1:1\n/)
})

test('plugins lists the drivers with their capabilities', async (t) => {
  const terminal = recorder()
  const file = await manifest(t.context.directory, good)

  t.is(await main(['plugins', '--json', '-f', file], terminal), 0)

  const { plugins } = JSON.parse(terminal.written.out) as { plugins: readonly { port: string; name: string; capabilities: readonly string[] }[] }
  t.like(plugins.find(({ port, name }) => port === 'cache' && name === 'lru'), { capabilities: ['tags'] })
  t.truthy(plugins.find(({ port, name }) => port === 'storage' && name === 'sql'))
})

test('schema answers a JSON Schema, or writes it', async (t) => {
  const terminal = recorder(t.context.directory)
  const file = await manifest(t.context.directory, good)

  t.is(await main(['schema', '-f', file], terminal), 0)
  t.is(await main(['schema', '-f', file, '--write', 'schemas'], recorder(t.context.directory)), 0)

  t.is(await readFile(join(t.context.directory, 'schemas/manifest.schema.json'), 'utf8'), terminal.written.out)
})

test('doctor starts everything, asks how it is, and stops', async (t) => {
  const file = await manifest(t.context.directory, good)
  const terminal = recorder()

  t.is(await main(['doctor', '-f', file, '--json'], terminal), 0)

  t.like(JSON.parse(terminal.written.out), { ok: true, findings: [{ name: 'cache', plugin: 'lru', status: 'ok' }] })
})

test('doctor blames what lacks its secret and nothing else, and tells it once', async (t) => {
  const file = await manifest(t.context.directory, `version: 1
name: shop
ports:
  cache: { use: lru }
  integrations: { use: http, with: { baseUrl: 'http://127.0.0.1:1', headers: { authorization: '\${secret:token}' } }, operations: { ask: { method: GET, path: /ask } } }
`)
  const asJson = recorder()
  const terminal = recorder()

  t.is(await main(['doctor', '-f', file, '--json'], asJson), 1)
  t.is(await main(['doctor', '-f', file], terminal), 1)

  t.like(JSON.parse(asJson.written.out), { ok: false, findings: [{ name: 'cache', status: 'not tried' }, { name: 'integrations', status: 'failed', error: 'the secret "token" is not set; set PORTICO_SECRET_TOKEN' }] })
  t.is(terminal.written.err.split('PORTICO_SECRET_TOKEN').length, 2)
  t.regex(terminal.written.err, /not tried {2}cache .*\nfailed {5}integrations +http\n/)
})

test('completion knows every command', async (t) => {
  const terminal = recorder()

  t.is(await main(['completion', 'bash'], terminal), 0)

  for (const command of ['start', 'check', 'plan', 'explain', 'plugins', 'doctor', 'schema', 'init']) t.true(terminal.written.out.includes(`"${command} "*)`))
  for (const command of ['storage export', 'queue drain', 'queue dead redrive', 'queue schedules pause']) t.true(terminal.written.out.includes(`"${command} "*)`), command)
  t.is(await main(['completion', 'fish'], recorder()), 1)
})

test('a manifest that rehearses faults is good, and is not started without leave', async (t) => {
  const file = await manifest(t.context.directory, `${good}chaos: { cache: { errors: 5% } }\n`)
  const checked = recorder()
  t.is(await main(['check', file], checked), 0)
  t.regex(checked.written.out, /is good.*chaos.*--allow-chaos/)

  const terminal = recorder()
  t.is(await main(['start', file], terminal), 1)

  t.regex(terminal.written.err, /:5:1 chaos: .*--allow-chaos/)
})
