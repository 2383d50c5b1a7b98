import test from 'ava'
import type { PorticoError } from '../../../kernel/plugin.ts'
import type { RequestListener } from 'node:http'
import { echo, openHttp, startPartner } from './partner.ts'

const operations = {
  get: { method: 'GET', path: '/things/{id}/parts' },
  put: { method: 'PUT', path: '/things/{id}' },
  post: { method: 'POST', path: '/charges' },
  again: { method: 'POST', path: '/charges', idempotent: true },
  remove: { method: 'DELETE', path: '/things/{id}' },
  typed: { method: 'GET', path: '/typed', output: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } },
}

const json = (text: string, status = 200): RequestListener => (request, response) => {
  request.resume()
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

test('input goes to the path, then to the query or the body, and the headers of the manifest go with it', async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, `${url}/v1/`, operations, { settings: { headers: { Authorization: 'Bearer x' } } })

  const got = (await partner.call({ operation: 'get', input: { id: 'a/b?c#é', tag: ['x', 'y z'], n: 1, ok: true } })).output
  t.like(got, { method: 'GET', path: '/v1/things/a%2Fb%3Fc%23%C3%A9/parts?tag=x&tag=y+z&n=1&ok=true', body: null })
  t.like((got as { headers: object }).headers, { authorization: 'Bearer x', accept: 'application/json' })
  t.like((await partner.call({ operation: 'put', input: { id: 7, name: 'n' } })).output, { method: 'PUT', path: '/v1/things/7', body: { name: 'n' } })
  t.like((await partner.call({ operation: 'remove', input: { id: 'x' } })).output, { method: 'DELETE', path: '/v1/things/x', body: null })
  t.like((await partner.call({ operation: 'post' })).output, { body: {}, headers: { 'content-type': 'application/json' } })
})

test('no input leads to another host or out of the path', async (t) => {
  const { url } = await startPartner(t, echo)
  const partner = await openHttp(t, `${url}/base`, operations)

  for (const id of ['http://evil.example/', '//evil.example', '@evil.example', '%2e%2e', 'a\r\nhost: evil', '\\\\evil']) {
    const { output } = await partner.call({ operation: 'put', input: { id } })
    t.is((output as { path: string }).path, `/base/things/${encodeURIComponent(id)}`)
    t.is((output as { headers: { host: string } }).headers.host, new URL(url).host)
  }
})

const badAnswers: readonly [string, RequestListener][] = [
  ['no JSON', json('<html>')],
  ['JSON cut short', json('{"a":')],
  ['another media type', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('{}')],
  ['no media type', (_, response) => response.writeHead(200).end('{}')],
  ['no UTF-8', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
  ['a number beyond doubles', json('{"n":1e400}')],
  ['nesting without end', json(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ['a broken schema', json('{"n":"1"}')],
  ['nothing where the schema wants something', (_, response) => response.writeHead(204).end()],
  ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['a length beyond the limit', (_, response) => { response.writeHead(200, { 'content-type': 'application/json', 'content-length': '104857600' }).write('[') }],
]
for (const [what, answer] of badAnswers) {
  test(`bad answer: ${what}`, async (t) => {
    const { url } = await startPartner(t, answer)
    const partner = await openHttp(t, url, operations)
    await t.throwsAsync(partner.call({ operation: 'typed' }), { code: 'INTEGRATION_BAD_ANSWER' })
  })
}

test('a partner that sends 100 MB is cut off at the limit', async (t) => {
  let sent = 0
  const { url, sockets } = await startPartner(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const block = Buffer.alloc(65_536, 0x20)
    const more = () => {
      while (sent < 100_000_000 && !response.destroyed) {
        sent += block.length
        if (!response.write(block)) return void response.once('drain', more)
      }
      response.end('1')
    }
    more()
  })
  const partner = await openHttp(t, url, operations, { settings: { maxAnswer: '100KiB' } })

  await t.throwsAsync(partner.call({ operation: 'typed' }), { code: 'INTEGRATION_BAD_ANSWER' })

  t.true(sent < 20_000_000)
  while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
})

test('an answer without a body is null', async (t) => {
  const { url } = await startPartner(t, (_, response) => response.writeHead(204).end())
  const partner = await openHttp(t, url, operations)
  t.is((await partner.call({ operation: 'get', input: { id: 1 } })).output, null)
})

test("a partner's failure says whether it may have been applied", async (t) => {
  const { url } = await startPartner(t, json('{"why":"x"}', 500))
  const partner = await openHttp(t, url, operations)

  await t.throwsAsync(partner.call({ operation: 'again' }), { code: 'INTEGRATION_PARTNER_FAILED' })
  await t.throwsAsync(partner.call({ operation: 'get', input: { id: 1 } }), { code: 'INTEGRATION_PARTNER_FAILED' })
  await t.throwsAsync(partner.call({ operation: 'post' }), { code: 'INTEGRATION_MAYBE_APPLIED' })
})

test('a refusal has its status and its words, in process', async (t) => {
  const { url } = await startPartner(t, json('{"why":"no funds"}', 402))
  const partner = await openHttp(t, url, operations)
  const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'post' }), { code: 'INTEGRATION_PARTNER_REFUSED' })
  t.like(error?.details, { partnerStatus: 402, answer: { why: 'no funds' } })
})

test('a busy partner says when to come back', async (t) => {
  const { url } = await startPartner(t, (_, response) => response.writeHead(429, { 'retry-after': '7' }).end())
  const partner = await openHttp(t, url, operations)
  const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'post' }), { code: 'INTEGRATION_PARTNER_FAILED' })
  t.is(error?.retryAfterMs, 7_000)
})

test('a partner that is not there was surely not reached', async (t) => {
  const { url, close } = await startPartner(t, echo)
  await close()
  const partner = await openHttp(t, url, operations)
  await t.throwsAsync(partner.call({ operation: 'post' }), { code: 'INTEGRATION_UNREACHABLE' })
})

test('a late answer is a timeout, and unknown for what is not idempotent', async (t) => {
  const { url } = await startPartner(t, () => undefined)
  const partner = await openHttp(t, url, operations, { settings: { timeout: '2s' } })

  await t.throwsAsync(partner.call({ operation: 'again' }), { code: 'INTEGRATION_TIMEOUT' })
  await t.throwsAsync(partner.call({ operation: 'post' }), { code: 'INTEGRATION_OUTCOME_UNKNOWN' })
})

test("the caller's deadline reaches the partner: the connection is given up", async (t) => {
  const { url, sockets } = await startPartner(t, () => undefined)
  const partner = await openHttp(t, url, operations)

  const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'post' }, { timeoutMs: 2_000 }))
  // The driver's word, or on a busy machine the binding's.
  t.regex(error?.code ?? '', /^(INTEGRATION|CALL)_OUTCOME_UNKNOWN$/)

  while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  t.pass()
})

test('a call that only waited for a connection was surely not made', async (t) => {
  const came = Promise.withResolvers<() => void>()
  let seen = 0
  const { url } = await startPartner(t, (request, response) => { seen += 1; came.resolve(() => echo(request, response)) })
  const partner = await openHttp(t, url, operations, { settings: { maxConnections: 1, timeout: '20s' } })

  const first = partner.call({ operation: 'post' })
  const answer = await came.promise
  await t.throwsAsync(partner.call({ operation: 'post' }, { timeoutMs: 500 }), { code: 'INTEGRATION_TIMEOUT' })
  answer()

  await t.notThrowsAsync(first)
  t.is(seen, 1)
})

test('a connection that is lost is unknown for what is not idempotent', async (t) => {
  const { url } = await startPartner(t, (request, response) => {
    if (request.method === 'POST') request.socket.destroy()
    else response.writeHead(200, { 'content-type': 'application/json', 'content-length': '10' }).write('{', () => request.socket.destroy())
  })
  const partner = await openHttp(t, url, operations)

  await t.throwsAsync(partner.call({ operation: 'post' }), { code: 'INTEGRATION_OUTCOME_UNKNOWN' })
  await t.throwsAsync(partner.call({ operation: 'again' }), { code: 'INTEGRATION_PARTNER_FAILED' })
  await t.throwsAsync(partner.call({ operation: 'typed' }), { code: 'INTEGRATION_PARTNER_FAILED' })
})

test('headers and addresses that could lead elsewhere are refused at the start', async (t) => {
  const start = (settings: object) => openHttp(t, 'http://127.0.0.1:1', operations, { settings })
  for (const settings of [{ headers: { host: 'evil' } }, { headers: { 'a b': 'x' } }, { headers: { a: 'x\r\nhost: evil' } }, { baseUrl: 'http://u:p@127.0.0.1' }, { baseUrl: 'http://127.0.0.1/?a' }, { baseUrl: 'file:///etc' }]) {
    await t.throwsAsync(start(settings))
  }
})
