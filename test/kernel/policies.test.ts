import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { testKernel } from '../contract/test-kernel.ts'

/** A partner on loopback that answers as the test says, and counts. */
async function startPartner(t: ExecutionContext, answer: (response: ServerResponse, count: number) => void) {
  const partner = { requests: 0, baseUrl: '' }
  const server = createServer((_request, response) => { answer(response.setHeader('content-type', 'application/json'), ++partner.requests) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  partner.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return partner
}

const operations = { charge: { method: 'POST', path: '/charges' }, status: { method: 'GET', path: '/status' } }

/** A kernel that serves the partner as `integrations` under the policy. */
async function serve(t: ExecutionContext, baseUrl: string, policy: object, rest: object = {}, options: object = {}, keys: object = {}) {
  const manifest = {
    version: 1, server: { port: 0 },
    ports: { integrations: { use: 'http', with: { baseUrl }, operations, policy: 'external', ...keys }, cache: { use: 'lru' } },
    policies: { external: policy }, ...rest,
  }
  const { kernel, clock, ports, close } = await testKernel(manifest, options)
  t.teardown(close)
  const { url } = await kernel.listen()
  const get = async (path: string) => (await fetch(url + path)).json() as Promise<Record<string, unknown>>
  return { url, clock, ports, get, call: (operation: string) => fetch(`${url}/v1/integrations/${operation}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }) }
}

test('an open circuit is a 503 with the time after which to come again; it shows in /health, /v1/kernel and /metrics', async (t) => {
  const partner = await startPartner(t, (response, count) => { response.writeHead(count <= 2 ? 500 : 200).end('{}') })
  const { url, clock, call, get } = await serve(t, partner.baseUrl, { circuitBreaker: { failures: 2, openFor: '20s' } })
  t.is((await call('charge')).status, 502)
  t.is((await call('status')).status, 502)

  const refused = await call('status')
  t.is(refused.status, 503)
  t.is(refused.headers.get('retry-after'), '20')
  t.like(await refused.json(), { code: 'CALL_CIRCUIT_OPEN', retryable: true })
  t.is(partner.requests, 2)

  const circuit = { state: 'open', retryInMs: 20_000 }
  t.like(await get('/health'), { status: 'degraded', bindings: { integrations: { status: 'degraded', policy: { name: 'external', circuit } }, cache: { status: 'ok' } } })
  t.like((await get('/v1/kernel')).bindings, { 0: { name: 'integrations', policy: { circuit } } })
  t.is((await fetch(`${url}/readyz`)).status, 200)
  // What reaches no partner is not kept away, and closes nothing.
  t.is((await fetch(`${url}/v1/integrations`)).status, 200)
  t.like(await get('/health'), { status: 'degraded' })
  t.true((await (await fetch(`${url}/metrics`)).text()).includes('portico_policy_circuit_state{binding="integrations"} 2'))

  await clock.advance(20_000)
  t.is((await call('status')).status, 200)
  t.like(await get('/health'), { status: 'ok' })
})

test('of one binding the operation that may be repeated is, and the one that may not is not', async (t) => {
  const partner = await startPartner(t, (response) => { response.writeHead(503).end('{}') })
  const { call } = await serve(t, partner.baseUrl, { retry: { attempts: 3, initial: '0ms', max: '0ms' } }, {}, { random: () => 0 })

  t.is((await call('charge')).status, 502)
  t.is(partner.requests, 1)
  t.is((await call('status')).status, 502)
  t.is(partner.requests, 4)
})

test('a full bulkhead is a 503 at once, and a partner that hangs is left at the attempt\'s time', async (t) => {
  const partner = await startPartner(t, () => undefined)
  const { call, ports } = await serve(t, partner.baseUrl, { bulkhead: { concurrent: 1 }, attemptTimeout: '900ms' })

  const hanging = call('status')
  while (partner.requests === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
  await t.throwsAsync(ports.integrations.call({ operation: 'status' }), { code: 'CALL_BULKHEAD_FULL' })

  t.is((await hanging).status, 504)
})

test('while the circuit is open a fallback answers, and says so', async (t) => {
  const partner = await startPartner(t, (response) => { response.writeHead(500).end('{}') })
  const standby = await startPartner(t, (response) => { response.end('{"state":"unknown"}') })
  const { call } = await serve(t, partner.baseUrl, { circuitBreaker: { failures: 1 } }, {}, {}, { fallback: [{ use: 'http', with: { baseUrl: standby.baseUrl } }] })

  for (let n = 0; n < 2; n++) {
    const answer = await call('status')
    t.is(answer.status, 200)
    t.is(answer.headers.get('portico-degraded'), 'integrations')
    t.like(await answer.json(), { degraded: true, output: { state: 'unknown' } })
  }
  t.is(partner.requests, 1)
})

test('chaos is refused unless the start allows it, and then marked', async (t) => {
  const partner = await startPartner(t, (response) => { response.end('{}') })
  const chaos = { chaos: { integrations: { errors: '50%' } } }
  await t.throwsAsync(serve(t, partner.baseUrl, { timeout: '5s' }, chaos), { code: 'MANIFEST_INVALID', message: /^chaos: .*--allow-chaos/ })

  const { call, get } = await serve(t, partner.baseUrl, { timeout: '5s' }, chaos, { allowChaos: true, random: () => 0.49 })
  const failed = await call('charge')

  t.is(failed.status, 503)
  t.like(await failed.json(), { code: 'CHAOS_INJECTED' })
  t.like((await get('/v1/kernel')).bindings, { 0: { chaos: { errorsShare: 0.5, dropShare: 0 } } })
  t.is(partner.requests, 0)
})

test('who starts bindings without serving them, as a migration does, is not in the way of chaos', async (t) => {
  const manifest = { version: 1, ports: { cache: { use: 'lru' } }, chaos: { cache: { errors: '100%' } } }
  const { ports, close } = await testKernel(manifest, { preparing: 'nothing', random: () => 0 })
  t.teardown(close)

  t.is(await ports.cache.get({ key: 'k' }), null)
})
