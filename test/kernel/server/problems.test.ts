import test from 'ava'
import { json, problemOf, rawLines, rawRequest, send, serve } from './harness.ts'

test('a bug shows nothing of itself, and is logged with its cause under the trace id', async (t) => {
  const { url, log } = await serve(t)

  const answer = await send(`${url}/v1/shelf/_fault`, 'POST', { kind: 'bug' })
  const problem = await problemOf(t, answer)

  t.like(problem, { status: 500, code: 'KERNEL_BUG' })
  t.false(JSON.stringify(problem).includes('secret internals'))
  const logged = log.lines.find(({ level }) => level === 'error')
  t.is(logged?.fields['traceId'], problem.traceId)
  t.regex(String(logged?.fields['err']), /secret internals/)
})

test('a backend that is away is a 503 that says when to come back', async (t) => {
  const { url } = await serve(t)

  const answer = await send(`${url}/v1/shelf/_fault`, 'POST', { kind: 'down' })

  t.is(answer.headers.get('retry-after'), '1')
  t.is((await problemOf(t, answer)).code, 'BINDING_UNAVAILABLE')
})

test('a path without a route is a 404, a method without one a 405 with Allow, and OPTIONS tells the methods', async (t) => {
  const { url } = await serve(t)

  t.is((await problemOf(t, await fetch(`${url}/nope`))).code, 'HTTP_ROUTE_NOT_FOUND')
  t.is((await problemOf(t, await fetch(`${url}/v1/shelf/a/b/c/d`))).code, 'HTTP_ROUTE_NOT_FOUND')
  t.is((await problemOf(t, await send(`${url}/nope`, 'POST', 'text', { 'content-type': 'text/plain' }))).code, 'HTTP_ROUTE_NOT_FOUND')

  const post = await send(`${url}/v1/shelf/a/b`, 'POST', {})
  t.is(post.headers.get('allow'), 'DELETE, GET, HEAD, PATCH, PUT')
  t.is((await problemOf(t, post)).code, 'HTTP_METHOD_NOT_ALLOWED')
  const find = await fetch(`${url}/v1/shelf/a/_find`)
  t.is(find.headers.get('allow'), 'POST')
  t.is((await problemOf(t, find)).status, 405)
  t.is((await problemOf(t, await fetch(`${url}/livez`, { method: 'DELETE' }))).status, 405)
  t.is((await problemOf(t, await fetch(`${url}/livez`, { method: 'PROPFIND' }))).status, 405)

  const options = await fetch(`${url}/v1/shelf.upper/a/b`, { method: 'OPTIONS' })
  t.is(options.status, 204)
  t.is(options.headers.get('allow'), 'DELETE, GET, HEAD, PATCH, PUT')
})

test('bodies that are no JSON, not UTF-8, too deep or too large are problems that say what is wrong', async (t) => {
  const { url } = await serve(t)
  const put = (body: string | Buffer, type = 'application/json', more: Record<string, string> = {}) => fetch(`${url}/v1/shelf/a/b`, { method: 'PUT', body, headers: { 'content-type': type, ...more } })

  const malformed = await problemOf(t, await put('{"a": 1,\n  "b": }'))
  t.like(malformed, { status: 400, code: 'HTTP_BODY_MALFORMED' })
  t.is((await problemOf(t, await put(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])))).status, 400)
  t.is((await problemOf(t, await put('['.repeat(500_000)))).code, 'HTTP_BODY_MALFORMED')
  t.is((await problemOf(t, await put('{"a":'.repeat(100) + '1' + '}'.repeat(100)))).code, 'HTTP_BODY_MALFORMED')
  t.is((await put(JSON.stringify({ text: '[{'.repeat(500) }))).status, 201, 'brackets in strings do not count')
  t.is((await problemOf(t, await put(`"${'x'.repeat(1024 ** 2)}"`))).code, 'HTTP_BODY_TOO_LARGE')
  t.is((await problemOf(t, await send(`${url}/v1/shelf/a/notes`, 'POST', [1]))).code, 'HTTP_BODY_MALFORMED')

  for (const [type, more] of [['text/plain', {}], ['application/xml', {}], ['application/merge-patch+json', {}], ['application/json; charset=latin1', {}], ['application/json', { 'content-encoding': 'gzip' }], ['nonsense', {}]] as const) {
    t.is((await problemOf(t, await put('{}', type, more))).code, 'HTTP_MEDIA_TYPE_UNSUPPORTED', type)
  }
  t.is((await fetch(`${url}/v1/shelf/a/b`, { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/merge-patch+json' } })).status, 200)
  t.is((await problemOf(t, await send(`${url}/v1/shelf/a/b`, 'PATCH', {}))).code, 'HTTP_MEDIA_TYPE_UNSUPPORTED', 'application/json is not among its media types')
})

test('an empty body with a JSON content type is no body', async (t) => {
  const { url } = await serve(t)

  t.is((await fetch(`${url}/v1/shelf/a/_find`, { method: 'POST', headers: json })).status, 200)
  t.is((await fetch(`${url}/v1/shelf/a/b`, { method: 'DELETE', headers: json })).status, 204)
  t.is((await problemOf(t, await fetch(`${url}/v1/shelf/a/b`, { method: 'PUT', headers: json }))).errors[0]?.path, '')
})

test('fields that would reach a prototype, NUL, lone surrogates and numbers beyond doubles are refused by name', async (t) => {
  const { url } = await serve(t)
  const refused = [
    ['{"__proto__": {"admin": true}}', '/__proto__'],
    ['{"a": [{"__pr\\u006fto__": 1}]}', '/a/0/__proto__'],
    ['{"a": {"constructor": {"prototype": {}}}}', '/a/constructor/prototype'],
    ['{"a": "\\u0000"}', '/a'],
    ['{"a": "\\ud800"}', '/a'],
    ['{"\\udfff": 1}', ''],
    ['{"a": [1, 1e400]}', '/a/1'],
    [`{"a": -${'9'.repeat(400)}}`, '/a'],
  ] as const

  for (const [body, path] of refused) {
    const problem = await problemOf(t, await send(`${url}/v1/shelf/a/b`, 'PUT', body))
    t.like(problem, { status: 400, code: 'HTTP_BODY_MALFORMED' }, body)
    t.is(problem.errors[0]?.path, path)
  }
  t.is((await send(`${url}/v1/shelf/a/b`, 'PUT', '{"constructor": "a name", "smile": "\\ud83d\\ude00", "n": 1e300}')).status, 201)
})

test('bad percent-encoding and names that are too long are problems', async (t) => {
  const { url, port } = await serve(t)

  for (const path of ['/v1/shelf/a/%ff', '/v1/shelf/a/%', '/%zz', '/v1/shelf/a/b?wide=%ff', '/v1/shelf/a/b?%c3=1']) {
    const answer = await rawLines(port, `GET ${path} HTTP/1.1`, 'Host: localhost')
    t.regex(answer, /^HTTP\/1.1 400 [^]*application\/problem\+json[^]*HTTP_URL_MALFORMED/, path)
  }
  t.is((await problemOf(t, await fetch(`${url}/v1/shelf/a/${'x'.repeat(3_100)}`))).code, 'HTTP_URL_TOO_LONG')
  t.is((await fetch(`${url}/v1/shelf/a/${encodeURIComponent('é'.repeat(500))}`)).status, 404, 'a key of 1,000 bytes, percent-encoded')
})

test('what the parser refuses is a problem, too: headers, URL, garbage, expectations', async (t) => {
  const { port } = await serve(t)
  const shown = async (...lines: string[]) => rawLines(port, ...lines)

  const problem = (status: number, code: string) => new RegExp(`^HTTP/1\\.1 ${status} [^]*application/problem\\+json[^]*"code":"${code}"`)
  t.regex(await shown('GET /livez HTTP/1.1', 'Host: localhost', `X-Big: ${'x'.repeat(20_000)}`), problem(431, 'HTTP_HEADERS_TOO_LARGE'))
  t.regex(await shown('GET /livez HTTP/1.1', 'Host: localhost', ...Array.from({ length: 3_000 }, (_, index) => `X-${index}: y`)), problem(431, 'HTTP_HEADERS_TOO_LARGE'))
  t.regex(await shown(`GET /${'x'.repeat(200_000)} HTTP/1.1`, 'Host: localhost'), problem(414, 'HTTP_URL_TOO_LONG'))
  t.regex(await shown('GET /livez HTTP/9.9', 'Host: localhost'), problem(400, 'HTTP_REQUEST_MALFORMED'))
  t.regex(await shown('\u0016\u0003\u0001\u0002'), problem(400, 'HTTP_REQUEST_MALFORMED'))
  t.regex(await shown('GET /livez HTTP/1.1'), problem(400, 'HTTP_REQUEST_MALFORMED'), 'no Host')
  t.regex(await shown('POST /v1/shelf/a/_find HTTP/1.1', 'Host: localhost', 'Expect: cake', 'Content-Length: 0'), problem(417, 'HTTP_EXPECTATION_FAILED'))
  t.regex(await rawRequest(port, 'POST /v1/shelf/a/_find HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /^HTTP\/1.1 400 /, 'request smuggling')
  t.regex(await shown('OPTIONS * HTTP/1.1', 'Host: localhost'), /^HTTP\/1.1 204 [^]*allow: GET/i)
})

test('every way of answering logs its request once, with its status', async (t) => {
  const { url, log, server } = await serve(t)
  const etag = (await send(`${url}/v1/shelf/top/a`, 'PUT', {})).headers.get('etag') ?? ''
  const asked = [
    await fetch(`${url}/v1/shelf/top/a`),
    await fetch(`${url}/v1/shelf/top/a`, { headers: { 'if-none-match': etag } }),
    await fetch(`${url}/v1/shelf/top/a`, { method: 'HEAD' }),
    await fetch(`${url}/v1/shelf/top/none`),
    await fetch(`${url}/v1/shelf/top/a`, { method: 'DELETE' }),
    await fetch(`${url}/nowhere`),
    await fetch(`${url}/v1/shelf/%zz/a`),
    await fetch(`${url}/livez`),
    await fetch(`${url}/livez`, { method: 'POST' }),
  ]
  for (const answer of asked) await answer.text()
  // Lines are gathered; closing writes them.
  await server.close()

  const logged = log.lines.filter(({ message }) => message === 'request').map(({ fields }) => (fields as { status: number }).status)
  t.deepEqual(logged, [201, ...asked.map(({ status }) => status)])
  t.deepEqual(asked.map(({ status }) => status), [200, 304, 200, 404, 204, 404, 400, 200, 405])
})

test('one log line a request, with its route and never its path, headers or body', async (t) => {
  const { url, log, server } = await serve(t)

  await send(`${url}/v1/shelf/top/secret-id?loud=true`, 'PUT', { secret: 'body' }, { authorization: 'Bearer secret' })
  await server.close()

  const lines = log.lines.filter(({ message }) => message === 'request')
  t.is(lines.length, 1)
  t.like(lines[0]?.fields, { method: 'PUT', route: '/v1/shelf/:shelf/:id', status: 201 })
  t.false(JSON.stringify(lines).includes('secret'))
})
