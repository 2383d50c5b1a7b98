import { inspect } from 'node:util'
import test from 'ava'
import { fileURLToPath } from 'node:url'
import { createKernel, type KernelOptions } from '../../kernel/index.ts'
import { keepingLog, type Logged } from './binding/echo.ts'
import { events } from './fixtures/probe.ts'

const directory = fileURLToPath(new URL('fixtures/', import.meta.url))

function start(ports: object, more: object = {}, options: KernelOptions = {}) {
  const plugins = ['./well.ts', './broken.ts', './hanging.ts', './sdkless.ts']
  return createKernel({ version: 1, name: 'test', server: { port: 0 }, plugins, ports, ...more }, { directory, env: {}, log: keepingLog(), ...options })
}

// The fixtures tell what happened in one list.
test.serial.beforeEach(() => { events.length = 0 })

test.serial('starts in plan order and closes in reverse', async (t) => {
  const kernel = await start({ 'probe.a': { use: 'well' }, 'probe.b': { use: 'well', with: { note: 'bee' } } })
  t.deepEqual(events, ['probe.a started', 'probe.b started'])
  t.deepEqual(kernel.steps.map(({ name, plugin }) => [name, plugin]), [['probe.a', 'well'], ['probe.b', 'well']])

  events.length = 0
  t.is(await kernel.close(), 0)
  t.deepEqual(events, ['meaning of probe.b closed', 'probe.b closed', 'meaning of probe.a closed', 'probe.a closed'])
})

test.serial('a binding is reached by the container and by ports, under its name', async (t) => {
  const kernel = await start({ 'probe.a': { use: 'well', with: { note: 'ay' } } })
  t.teardown(() => kernel.close())

  const face = kernel.container.resolve<{ ping(input: object): Promise<object> }>('probe.a')
  t.deepEqual(await face.ping({}), { from: 'ay' })
  t.is((kernel.ports as Readonly<Record<string, object>>)['probe.a'], face)
})

test.serial('a failed start closes what had started, runs what the failed one opened, and names the cause', async (t) => {
  const error = await t.throwsAsync(start({ 'probe.a': { use: 'well' }, 'probe.b': { use: 'broken' } }), { code: 'PLUGIN_START_FAILED' })

  t.is(error.message, 'probe.b (broken) could not start: the cable is cut')
  t.deepEqual(events, ['probe.a started', 'probe.b closed', 'meaning of probe.a closed', 'probe.a closed'])
})

test.serial('a plugin that answers no driver is refused at its start', async (t) => {
  const plugins = { plugins: ['./empty.ts'] }
  const nothing = await t.throwsAsync(start({ probe: { use: 'empty' } }, plugins), { code: 'PLUGIN_START_FAILED' })
  const word = await t.throwsAsync(start({ probe: { use: 'empty', with: { answer: 'done' } } }, plugins), { code: 'PLUGIN_START_FAILED' })

  t.is(nothing.message, 'probe (empty) could not start: its create answered undefined and no driver; let it return an object with what the port probe asks of a driver')
  t.regex(word.message, /its create answered a string and no driver/)
})

test.serial('a start that hangs is given up at its timeout', async (t) => {
  await t.throwsAsync(start({ 'probe.a': { use: 'well' }, 'probe.b': { use: 'hanging', startTimeout: '20ms' } }), { code: 'PLUGIN_START_TIMEOUT' })

  t.deepEqual(events, ['probe.a started', 'probe.b given up', 'meaning of probe.a closed', 'probe.a closed'])
})

test.serial('a missing SDK is named with the command that installs it', async (t) => {
  const error = await t.throwsAsync(start({ probe: { use: 'sdkless' } }), { code: 'PLUGIN_SDK_MISSING' })

  t.is(error.message, 'sdkless needs the package portico-has-no-such-sdk: npm install portico-has-no-such-sdk@^3')
})

test.serial('an optional binding that does not start leaves the others alone and answers unavailable', async (t) => {
  const kernel = await start({ 'probe.a': { use: 'broken', optional: true }, 'probe.b': { use: 'well' } })
  t.teardown(() => kernel.close())

  t.is(kernel.bindings.get('probe.a')?.state, 'failed')
  const ping = kernel.bindings.get('probe.a')?.operations['ping'] ?? (async () => undefined)
  await t.throwsAsync(ping({}), { code: 'BINDING_UNAVAILABLE' })
  // Not that it could not be done: the driver can, when it runs.
  await t.throwsAsync(ping({ soon: true }), { code: 'BINDING_UNAVAILABLE' })
  t.is(kernel.bindings.get('probe.b')?.state, 'ready')
})

test.serial('a capability that the backend turned out to lack is refused with the place that wants it', async (t) => {
  const error = await t.throwsAsync(start({ probe: { use: 'well', with: { slow: true }, wants: 'speed' } }), { code: 'MANIFEST_INVALID' })

  t.regex(error.message, /ports\.probe\.wants: needs the capability speed, which this backend turned out to lack/)
})

test.serial('a secret is shown nowhere, whatever a plugin says', async (t) => {
  const lines: Logged[] = []
  const open = (starts: boolean) => start(
    { probe: { use: 'leaking', with: { url: 'x://u:${secret:canary}@host', password: 'literal-"canary"', starts } } },
    { plugins: ['./leaking.ts'] },
    { env: { PORTICO_SECRET_CANARY: 'filled-canary' }, log: keepingLog(lines) },
  )

  const error = await t.throwsAsync(open(false), { code: 'PLUGIN_START_FAILED' })
  const kernel = await open(true)
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()
  const answer = await (await fetch(`${url}/v1/probe/_ping`)).text()

  t.is((error.cause as Error).constructor, Error)
  t.true(lines.length >= 2)
  t.notRegex(inspect([error, lines, answer], { depth: 20, showHidden: true }), /filled-canary|literal-/)
})

test.serial('the health of a binding shows no secret', async (t) => {
  const kernel = await start({ probe: { use: 'ailing', with: { url: 'x://u:${secret:canary}@host' } } }, { plugins: ['./ailing.ts'] }, { env: { PORTICO_SECRET_CANARY: 'filled-canary' } })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()

  t.like(await kernel.bindings.get('probe')?.health(), { status: 'failed', error: 'PROBE_DOWN: no answer from x://u:***@host' })
  const answer = await (await fetch(`${url}/health`)).text()
  t.regex(answer, /no answer from/)
  t.notRegex(answer, /filled-canary/)
})

test.serial('an extension builds on a binding and serves its routes below its prefix', async (t) => {
  const plugins = ['./well.ts', { use: './greeter.ts', with: { greeting: 'bonjour' } }]
  const kernel = await start({ probe: { use: 'well', with: { note: 'ada' } } }, { plugins })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()

  t.is(await (await fetch(`${url}/greet/`)).text(), 'bonjour ada')
  t.deepEqual(await (await fetch(`${url}/v1/probe/_ping`)).json(), { from: 'ada' })
  t.is((await fetch(`${url}/readyz`)).status, 200)
})

test.serial('an extension whose routes cannot be added ends the start, and what had started is closed', async (t) => {
  const kernel = await start({ 'probe.a': { use: 'well' } }, { plugins: ['./well.ts', './unroutable.ts'] })
  const error = await t.throwsAsync(kernel.listen(), { code: 'PLUGIN_START_FAILED' })
  events.length = 0

  t.is(error.message, '/unroutable (unroutable) could not start: no template')
  t.is(await kernel.close(), 0)
  t.deepEqual(events, ['meaning of probe.a closed', 'probe.a closed'])
})
