import { request } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { rawLines, rawRequest } from '../../server/harness.ts'
import { bySignatures, signed, startInbound, type Inbound } from './inbound.ts'

const body = '{"type":"payment.captured"}'
const mebibyte = 1024 ** 2

async function stillTakes(t: ExecutionContext, { post, hook, payloads }: Inbound): Promise<void> {
  t.deepEqual(await payloads(), [])
  t.is((await post(body, hook('good', body))).status, 202)
  t.is((await payloads()).length, 1)
}

/** A body without a length told, as long as the server reads it. */
function sendChunks(url: string, headers: Readonly<Record<string, string>>, bytes: number): Promise<{ readonly status: number; readonly written: number }> {
  return new Promise((resolve) => {
    let written = 0
    let status = 0
    const sending = request(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
      status = answer.statusCode ?? 0
      answer.resume()
      resolve({ status, written })
    })
    // The server hangs up on what it does not read.
    sending.on('error', () => { resolve({ status, written }) })
    const chunk = Buffer.alloc(65_536, ' ')
    const write = (): void => {
      while (written < bytes && status === 0) {
        written += chunk.length
        if (!sending.write(chunk)) {
          sending.once('drain', write)
          return
        }
      }
      sending.end()
    }
    write()
  })
}

test('a body beyond 1 MiB is 413 whether it says so or not, signed or not, and is not read to its end', async (t) => {
  const inbound = await startInbound(t)
  const large = `"${'x'.repeat(mebibyte)}"`

  t.is((await inbound.post(large, inbound.hook('large', large))).status, 413)
  t.regex(await rawRequest(inbound.port, 'POST /v1/integrations.payments/_inbound HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 413/)
  const { status, written } = await sendChunks(inbound.url, inbound.hook('large', large), 1024 * mebibyte)
  t.is(status, 413)
  t.true(written < 64 * mebibyte, String(written))
  await stillTakes(t, inbound)
})

test('headers that are there twice, too long, or named like a prototype are refused, and do no harm', async (t) => {
  const inbound = await startInbound(t)
  const good = inbound.hook('msg_1', body)
  const lines = (headers: readonly (readonly [string, string])[]) => rawRequest(inbound.port, [
    'POST /v1/integrations.payments/_inbound HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`), '', body,
  ].join('\r\n'))
  const all = Object.entries(good)

  const refused: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['the id twice', [...all, ['webhook-id', 'msg_2']]],
    ['the same id twice', [...all, ['Webhook-Id', 'msg_1']]],
    ['the time twice', [...all, ['webhook-timestamp', good['webhook-timestamp'] ?? '']]],
    ['a thousand signatures', [...all.slice(0, 2), ['webhook-signature', 'v1,AAAA '.repeat(1_000)]]],
    ['an empty signature', [...all.slice(0, 2), ['webhook-signature', '']]],
    ['a time as no number', [...all.filter(([name]) => name !== 'webhook-timestamp'), ['webhook-timestamp', '0x1p3']]],
    ['a time beyond numbers', [...all.filter(([name]) => name !== 'webhook-timestamp'), ['webhook-timestamp', '9'.repeat(400)]]],
    ['bytes beyond ASCII', [...all.filter(([name]) => name !== 'webhook-id'), ['webhook-id', 'msg_\xe9']]],
    ['a prototype', [['__proto__', 'x'], ['constructor', 'y'], ['toString', 'z']]],
  ]
  for (const [title, headers] of refused) t.regex(await lines(headers), /^HTTP\/1\.1 401/, title)
  t.regex(await lines([...all, ['x-padding', 'x'.repeat(40_000)]]), /^HTTP\/1\.1 431/)
  t.regex(await lines([...all, ['content-encoding', 'gzip']]), /^HTTP\/1\.1 415/)
  // What the signature does not cover changes nothing.
  t.regex(await lines([['__proto__', 'x'], ['hasOwnProperty', 'y'], ['if-match', '"3"'], ['idempotency-key', 'mine'], ['webhook-signature', 'v1,AAAA'], ...all]), /^HTTP\/1\.1 202/)
  t.is((await inbound.payloads()).length, 1)
  t.is(({} as Record<string, unknown>)['x'], undefined)
})

test('structured fields that are none, have no end or name a thing twice are refused', async (t) => {
  const inbound = await startInbound(t, bySignatures)
  const good = signed(body, inbound.clock.now())
  const input = good['signature-input'] ?? ''
  const hostile = [
    '', 'sig1', 'sig1=', 'sig1=(', 'sig1=("@method"', 'sig1=();created=', `${input}, ${input}`, input.replace('"@method"', '"@method" "@method"'), input.replace('created=', 'created=-'),
    input.replace(/nonce="[^"]*"/, 'nonce="\\"'), input.replace(/nonce="[^"]*"/, `nonce="${'n'.repeat(2_000)}"`), input.replace('sig1', '__proto__'), `sig1=${'('.repeat(5_000)}`, Array.from({ length: 500 }, (_, index) => `s${index}=()`).join(', '),
  ]

  const statuses = await Promise.all(hostile.map(async (text) => (await inbound.post(body, { ...good, 'signature-input': text })).status))

  t.deepEqual(new Set(statuses), new Set([401]))
  t.deepEqual(await inbound.payloads(), [])
  t.is((await inbound.post(body, good)).status, 202)
})

test('where a request says that it goes is its sender\'s word: only the URL of the manifest counts', async (t) => {
  const inbound = await startInbound(t, bySignatures)
  const here = signed(body, inbound.clock.now(), { url: inbound.url })

  t.is((await inbound.post(body, here)).status, 401)
  t.is((await inbound.post(body, { ...here, 'x-forwarded-host': 'hooks.shop.example', 'forwarded': 'host=hooks.shop.example' })).status, 401)
})

test('the route is for POST, takes no query, and is nothing of an integration that declares no inbound', async (t) => {
  const serving = await startInbound(t)
  t.regex(await rawLines(serving.port, 'GET /v1/integrations.payments/_inbound HTTP/1.1', 'Host: localhost'), /^HTTP\/1\.1 405/)
  t.is((await fetch(`${serving.url}?a=1`, { method: 'POST', headers: { 'content-type': 'application/json', ...serving.hook('a', body) }, body })).status, 400)
  const ofAnother = await fetch(serving.url.replace('payments', 'rates'), { method: 'POST', headers: serving.hook('a', body), body })
  t.is(ofAnother.status, 404)
  t.like(await ofAnother.json(), { code: 'INTEGRATION_INBOUND_NOT_DECLARED' })
  const spec = await (await fetch(new URL('/openapi.json', serving.url))).json() as { paths: Record<string, Record<string, { responses: object }>> }
  const statuses = Object.keys(spec.paths['/v1/integrations.payments/_inbound']?.['post']?.responses ?? {})
  t.deepEqual(['202', '401', '409', '413', '422', '503'].filter((status) => !statuses.includes(status)), [])
  await stillTakes(t, serving)
})
