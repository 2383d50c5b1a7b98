import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import test from 'ava'
import type { PorticoError } from '../../../kernel/plugin.ts'
import { createKernel } from '../../../kernel/index.ts'
import { echo, openHttp, startPartner } from './partner.ts'

const operations = {
  search: { method: 'GET', path: '/{tenant}/items', query: { 'q': '{text}', 'page[size]': '{size}', 'v': '2', 'sort': '{field}:{direction}' } },
  charge: { method: 'POST', path: '/charges', query: { dryRun: '{dryRun}' }, headers: { 'X-Account': '{account}', 'X-Trace': 'shop-{order}', 'x-plain': 'as it is' } },
  find: { method: 'GET', path: '/found', expect: [200, 404] },
  strict: { method: 'POST', path: '/strict', expect: [201], errors: { 409: { code: 'ALREADY_CHARGED' }, 423: { code: 'LOCKED', retryable: true }, 503: { code: 'CLOSED', retryable: true } } },
}

test('query and headers are filled from the input, and what is left is the query or the body', async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, url, operations, { settings: { headers: { 'x-plain': 'of the settings' } } })

  const searched = (await partner.call({ operation: 'search', input: { tenant: 'a b', text: ['x&y', 'é'], field: 'name', direction: 'asc', more: 1 } })).output
  t.like(searched, { path: '/a%20b/items?q=x%26y&q=%C3%A9&v=2&sort=name%3Aasc&more=1' })
  const charged = (await partner.call({ operation: 'charge', input: { dryRun: true, account: 'acc-1', order: 7, amount: 5 } })).output
  t.like(charged, { path: '/charges?dryRun=true', body: { amount: 5 }, headers: { 'x-account': 'acc-1', 'x-trace': 'shop-7', 'x-plain': 'as it is' } })
  const least = (await partner.call({ operation: 'charge', input: { order: 7 } })).output
  t.like(least, { path: '/charges', body: {} })
  t.false('x-account' in (least as { headers: object }).headers)
})

test('no input makes a header or a parameter of its own', async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, url, operations)
  const search = { tenant: 'a', field: 'f', direction: 'd' }
  const refused: readonly [string, object, string][] = [
    ['charge', { order: 7, account: 'a\r\nx-admin: 1' }, '/input/account'],
    ['charge', { order: 7, account: 'é' }, '/input/account'],
    ['charge', { order: 7, account: 'a'.repeat(4_001) }, '/input/account'],
    ['charge', { order: 7, account: { a: 1 } }, '/input/account'],
    ['charge', {}, '/input/order'],
    ['charge', { order: 7, dryRun: { a: 1 } }, '/input/dryRun'],
    ['search', { ...search, q: 'x' }, '/input/q'],
    ['search', { ...search, v: '3' }, '/input/v'],
    ['search', { ...search, text: { a: 1 } }, '/input/text'],
    ['search', { ...search, text: Array.from({ length: 2_000 }, () => 'x') }, '/input'],
  ]
  for (const [operation, input, path] of refused) {
    const error = await t.throwsAsync<PorticoError>(partner.call({ operation, input: input as never }), { code: 'INTEGRATION_INPUT_INVALID' }, JSON.stringify(input).slice(0, 60))
    t.is(error?.errors[0]?.path, path)
  }
  const { output } = await partner.call({ operation: 'search', input: { ...search, text: 'x&v=3#' } })
  t.is((output as { path: string }).path, '/a/items?q=x%26v%3D3%23&v=2&sort=f%3Ad')
})

const answers = (status: number, text: string, type = 'application/json'): RequestListener => (request, response) => {
  request.resume()
  response.writeHead(status, { 'content-type': type, 'retry-after': '3' }).end(text)
}

test('a status that is expected is an answer, and one that is not is none', async (t) => {
  const cases: readonly [number, string, string | undefined][] = [
    [200, 'find', undefined], [404, 'find', undefined], [201, 'strict', undefined],
    [201, 'find', 'INTEGRATION_BAD_ANSWER'], [200, 'strict', 'INTEGRATION_BAD_ANSWER'], [410, 'find', 'INTEGRATION_PARTNER_REFUSED'], [302, 'find', 'INTEGRATION_BAD_ANSWER'], [500, 'find', 'INTEGRATION_PARTNER_FAILED'],
  ]
  for (const [status, operation, code] of cases) {
    const { url } = await startPartner(t, answers(status, '{"n":1}'))
    const partner = await openHttp(t, url, operations)
    if (code === undefined) t.deepEqual((await partner.call({ operation })).output, { n: 1 }, `${operation} ${status}`)
    else await t.throwsAsync(partner.call({ operation }), { code }, `${operation} ${status}`)
  }
})

test('an error answer means what the manifest says of its status', async (t) => {
  const cases: readonly [number, object][] = [
    [409, { code: 'INTEGRATION_PARTNER_REFUSED', retryable: false, reason: 'ALREADY_CHARGED', details: { partnerStatus: 409, partnerCode: 'ALREADY_CHARGED', answer: { charge: 'c1' } } }],
    [423, { code: 'INTEGRATION_PARTNER_FAILED', retryable: true, reason: 'LOCKED', retryAfterMs: 3_000, details: { partnerStatus: 423, partnerCode: 'LOCKED' } }],
    // It is not idempotent: that the partner did nothing is what the manifest says.
    [503, { code: 'INTEGRATION_PARTNER_FAILED', retryable: true, reason: 'CLOSED', details: { partnerStatus: 503 } }],
    [500, { code: 'INTEGRATION_MAYBE_APPLIED', retryable: false, reason: undefined }],
  ]
  for (const [status, expected] of cases) {
    const { url } = await startPartner(t, answers(status, '{"charge":"c1"}'))
    const partner = await openHttp(t, url, operations)
    t.like(await t.throwsAsync(partner.call({ operation: 'strict' })), expected)
  }
})

test('over HTTP the name of an error answer is the reason of the problem, and a key goes by its header', async (t) => {
  const { url } = await startPartner(t, (request, response) => {
    if (request.headers['idempotency-key'] === 'k1') answers(409, '{"secret":1}')(request, response)
    else echo(request, response)
  })
  const binding = { use: 'http', with: { baseUrl: url }, operations }
  const kernel = await createKernel({ version: 1, name: 'test', server: { port: 0 }, ports: { integrations: binding } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const server = await kernel.listen()

  const response = await fetch(new URL('/v1/integrations/strict', server.url), { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' }, body: '{}' })

  const problem = await response.text()
  t.is(response.status, 502)
  t.like(JSON.parse(problem), { code: 'INTEGRATION_PARTNER_REFUSED', reason: 'ALREADY_CHARGED', retryable: false })
  t.false(problem.includes('secret'))
})

test('the mistake of a caller may be answered with a status of its own, in the document too, and is no failure of the partner', async (t) => {
  const { url } = await startPartner(t, answers(422, '{}'))
  const refusing = { method: 'POST', path: '/', errors: { 422: { code: 'NO_SUCH_CARD', status: 422 }, 409: { code: 'CHARGED', status: 409 }, 410: { code: 'GONE' } } }
  const binding = { use: 'http', with: { baseUrl: url }, operations: { charge: refusing }, policy: 'strict' }
  const kernel = await createKernel({ version: 1, name: 'test', server: { port: 0 }, ports: { integrations: binding }, policies: { strict: { circuitBreaker: { failures: 1, openFor: '1h' } } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  const server = await kernel.listen()

  for (let times = 0; times < 2; times++) {
    const response = await fetch(`${server.url}/v1/integrations/charge`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    t.is(response.status, 422)
    t.like(await response.json(), { status: 422, code: 'INTEGRATION_PARTNER_REFUSED', reason: 'NO_SUCH_CARD', retryable: false })
  }

  t.like(await kernel.ports.integrations.describe({}), { degraded: false, policy: { circuit: { state: 'closed' } } })
  const spec = await (await fetch(`${server.url}/openapi.json`)).json() as { paths: Record<string, { post: { responses: Record<string, { description: string }> } }> }
  const { responses } = spec.paths['/v1/integrations/charge']?.post ?? { responses: {} }
  t.regex(responses['409']?.description ?? '', /`reason` may be `CHARGED`$/)
  t.regex(responses['422']?.description ?? '', /`INTEGRATION_INPUT_INVALID`.*`reason` may be `NO_SUCH_CARD`$/)
  t.regex(responses['502']?.description ?? '', /`reason` may be `GONE`$/)
})

test('a status that would have a client do something else, or of what may be done later, is refused before anything starts', async (t) => {
  for (const declared of [{ status: 401 }, { status: 429 }, { status: 500 }, { status: 200 }, { status: 409, retryable: true }]) {
    const operations = { charge: { method: 'POST', path: '/', errors: { 409: { code: 'CHARGED', ...declared } } } }
    await t.throwsAsync(openHttp(t, 'http://127.0.0.1:1', operations), { code: 'MANIFEST_INVALID', message: /errors\.409\.status/ }, JSON.stringify(declared))
  }
})
