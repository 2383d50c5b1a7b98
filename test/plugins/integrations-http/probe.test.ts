import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { PartnerFailure } from '../../../kernel/ports/integrations/index.ts'
import { Probe } from '../../../plugins/integrations-http/probe.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { keepLog } from '../integrations-file/folder.ts'
import { until } from './outbox.ts'
import { startPartner } from './partner.ts'

const operations = { pay: { method: 'POST', path: '/pay' } }

test('a partner that does not answer its probe degrades its binding, and keeps neither calls nor requests away', async (t) => {
  let status = 200
  const looks: string[] = []
  const { url } = await startPartner(t, (request, response) => {
    if (request.method === 'GET') looks.push(`${request.url} ${request.headers['authorization']}`)
    response.writeHead(request.method === 'GET' ? status : 204).end()
  })
  const partner = { use: 'http', with: { baseUrl: `${url}/v1`, headers: { authorization: 'hunter2' }, probe: { path: '/ping?deep=1', every: '1s' } }, operations, policy: 'strict' }
  const kernel = await createKernel({ version: 1, name: 'test', server: { port: 0 }, ports: { integrations: partner }, policies: { strict: { circuitBreaker: { failures: 1, openFor: '1h' } } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const { url: server } = await kernel.listen()
  const { integrations } = kernel.ports

  await until(t, async () => (await integrations.describe({})).probe?.ok === true, 'a look went well')
  t.is(looks[0], '/v1/ping?deep=1 hunter2')
  status = 503
  await until(t, async () => (await integrations.describe({})).probe?.ok === false, 'a look failed')

  t.like(await integrations.describe({}), { degraded: true, probe: { code: 'INTEGRATION_PARTNER_FAILED' }, policy: { circuit: { state: 'closed' } } })
  await integrations.call({ operation: 'pay' })
  await until(t, async () => (await (await fetch(`${server}/health`)).text()).includes('INTEGRATION_PARTNER_FAILED'), 'health tells it')
  t.like(await (await fetch(`${server}/health`)).json(), { status: 'degraded', bindings: { integrations: { status: 'degraded' } } })
  t.is((await fetch(`${server}/readyz`)).status, 200)
  status = 200
  await until(t, async () => !(await integrations.describe({})).degraded, 'it is well again')
})

test('a look follows the end of the one before, a tenth sooner or later than said, and none follows a close', async (t) => {
  const clock = new VirtualClock()
  const startedMs = clock.now()
  const looks: number[] = []
  let end = Promise.withResolvers<number>()
  const ask = () => {
    looks.push(clock.now() - startedMs)
    return end.promise
  }
  const drawn = [0.5, 0, 1]
  const probe = new Probe({ ask, everyMs: 10_000, timeoutMs: 5_000, expect: undefined, clock, log: keepLog([]), random: () => drawn.shift() ?? 0.5 })
  const answer = async () => {
    end.resolve(200)
    await new Promise((resolve) => setImmediate(resolve))
    end = Promise.withResolvers<number>()
  }

  probe.start()
  await clock.advance(60_000)
  t.deepEqual(looks, [500], 'one at a time, however long it takes')
  await answer()
  await clock.advance(9_000)
  await answer()
  await clock.advance(11_000)
  t.deepEqual(looks, [500, 69_000, 80_000])
  probe.close()
  await answer()
  await clock.advance(60_000)

  t.is(looks.length, 3)
})

test('a look is told by its code, once for each change', async (t) => {
  const lines: string[] = []
  let outcome: number | PartnerFailure = 200
  const ask = () => (outcome instanceof PartnerFailure ? Promise.reject(outcome) : Promise.resolve(outcome))
  const probe = new Probe({ ask, everyMs: 10_000, timeoutMs: 5_000, expect: 200, clock: new VirtualClock(), log: keepLog(lines) })
  const failure = (why: 'unreachable' | 'timeout' | 'lost' | 'unreadable') => new PartnerFailure({ why, reached: false, reason: '' })

  const codes: (string | undefined)[] = []
  for (outcome of [200, 204, 204, 429, failure('lost'), failure('timeout'), failure('unreachable'), failure('unreadable'), 200]) {
    await probe.look()
    codes.push(probe.last?.code)
  }

  t.deepEqual(codes, [undefined, 'INTEGRATION_BAD_ANSWER', 'INTEGRATION_BAD_ANSWER', 'INTEGRATION_PARTNER_FAILED', 'INTEGRATION_PARTNER_FAILED', 'INTEGRATION_TIMEOUT', 'INTEGRATION_UNREACHABLE', 'INTEGRATION_BAD_ANSWER', undefined])
  t.is(lines.length, 6)
})

test('a path that leads out of baseUrl ends the start', async (t) => {
  for (const path of ['ping', '/../admin', '/a/%2E%2e/b', '/a\\b', '/a b', '/#x', '//..']) {
    const binding = { use: 'http', with: { baseUrl: 'http://127.0.0.1:1/v1', probe: { path } }, operations }
    await t.throwsAsync(createKernel({ version: 1, name: 'test', ports: { integrations: binding } }, { directory: tmpdir(), env: {} }), { code: 'PLUGIN_START_FAILED', message: /probe\.path/ }, path)
  }
})
