import type { RequestListener } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { nextHop } from '../../../plugins/integrations-http/redirect.ts'
import { urlOf, type Hop } from '../../../plugins/integrations-http/hop.ts'
import { echo, openHttp, startPartner } from './partner.ts'

const operations = {
  get: { method: 'GET', path: '/start' },
  post: { method: 'POST', path: '/start' },
  again: { method: 'POST', path: '/start', idempotencyKey: true },
}

const to = (status: number, location: string): RequestListener => (request, response) => {
  if (request.url !== '/start') return echo(request, response)
  request.resume()
  response.writeHead(status, { location }).end()
}

const headersIn = (output: unknown) => (output as { headers: Record<string, string> }).headers

async function redirected(t: ExecutionContext, status: number, operation: string) {
  const { url } = await startPartner(t, to(status, '/end?x=1'))
  const partner = await openHttp(t, url, operations, { settings: { redirects: 1, headers: { authorization: 'secret' } } })
  return (await partner.call({ operation, input: { a: 1 } })).output
}

test('within its origin a redirect is followed as RFC 9110 says, with what the partner may know', async (t) => {
  for (const status of [301, 302, 303]) {
    const output = await redirected(t, status, 'post')
    t.like(output, { method: 'GET', path: '/end?x=1', body: null })
    t.is(headersIn(output)['authorization'], 'secret')
  }
  for (const status of [307, 308]) {
    const output = await redirected(t, status, 'again')
    t.like(output, { method: 'POST', path: '/end?x=1', body: { a: 1 } })
    t.like(headersIn(output), { 'content-type': 'application/json', 'authorization': 'secret' })
    t.regex(headersIn(output)['idempotency-key'] ?? '', /^[0-9a-f-]{36}$/)
  }
})

test('a redirect to this machine leads nowhere: whoever listens there is not asked', async (t) => {
  let asked = 0
  const inside = await startPartner(t, (_, response) => { asked += 1; response.end('{}') })
  const port = new URL(inside.url).port
  for (const place of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://2130706433:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `//127.0.0.1:${port}/`, `https://127.0.0.1:${port}/`]) {
    const { url } = await startPartner(t, to(307, place))
    const partner = await openHttp(t, url, operations, { settings: { redirects: 5, allowHosts: ['files.example.com'] } })
    await t.throwsAsync(partner.call({ operation: 'post' }), { code: 'INTEGRATION_BAD_ANSWER' }, place)
  }
  t.is(asked, 0)
})

test('no more redirects are followed than the manifest says', async (t) => {
  let asked = 0
  const { url } = await startPartner(t, (_, response) => { asked += 1; response.writeHead(302, { location: '/start' }).end() })
  for (const redirects of [0, 1, 3]) {
    asked = 0
    const partner = await openHttp(t, url, operations, { settings: { redirects } })
    await t.throwsAsync(partner.call({ operation: 'get' }), { code: 'INTEGRATION_BAD_ANSWER' })
    t.is(asked, redirects + 1)
  }
})

test('after a redirect a failure says that the partner has seen the call', async (t) => {
  const { url } = await startPartner(t, (request, response) => {
    if (request.url === '/start') response.writeHead(307, { location: '/end' }).end()
    else request.socket.destroy()
    request.resume()
  })
  const partner = await openHttp(t, url, operations, { settings: { redirects: 1 } })

  await t.throwsAsync(partner.call({ operation: 'post' }), { code: 'INTEGRATION_OUTCOME_UNKNOWN' })
  await t.throwsAsync(partner.call({ operation: 'again' }), { code: 'INTEGRATION_PARTNER_FAILED' })
})

const secure: Hop = { origin: 'https://pay.example.com', path: '/v1/a', method: 'POST', body: '{}', idempotencyKey: 'k' }
const allowed = { origin: 'https://pay.example.com', hosts: new Set(['files.example.com', 'cdn.example.com:8443']) }

test('another host is followed when it is allowed, over https', (t) => {
  const places: readonly [string | string[] | undefined, string | undefined][] = [
    ['https://files.example.com/x#y', 'https://files.example.com/x'],
    ['https://FILES.example.com:443/x', 'https://files.example.com/x'],
    ['https://cdn.example.com:8443/x', 'https://cdn.example.com:8443/x'],
    ['../b?c', 'https://pay.example.com/b?c'],
    ['//files.example.com/', 'https://files.example.com/'],
    ['https://files.example.com:8443/', undefined],
    ['https://cdn.example.com/', undefined],
    ['https://files.example.com.evil.example/', undefined],
    ['https://evil.example/?files.example.com', undefined],
    ['https://files.example.com@evil.example/', undefined],
    ['https://u:p@files.example.com/', undefined],
    ['http://files.example.com/', undefined],
    ['http://pay.example.com/v1/b', undefined],
    ['https://pay.example.com:8443/', undefined],
    ['file:///etc/passwd', undefined],
    ['data:application/json,{}', undefined],
    ['http://[', undefined],
    [`/${'a'.repeat(9_000)}`, undefined],
    [['/a', '/b'], undefined],
    [undefined, undefined],
  ]
  for (const [place, leads] of places) {
    const hop = nextHop(secure, 307, place, allowed)
    t.is('refused' in hop ? undefined : urlOf(hop).href, leads, String(place))
  }
})

test('from https no redirect leads to http, not even to the origin of baseUrl', (t) => {
  const plain = { ...allowed, origin: 'http://pay.example.com' }
  t.true('refused' in nextHop({ ...secure, origin: 'https://files.example.com', path: '/' }, 302, 'http://pay.example.com/', plain))
  t.false('refused' in nextHop({ ...secure, origin: 'http://pay.example.com', path: '/' }, 302, 'http://pay.example.com/b', plain))
})
