import test from 'ava'
import { problemOf, rawLines, serve } from './harness.ts'

test('on loopback only a loopback Host is answered', async (t) => {
  const { port } = await serve(t)
  const status = async (host: string) => /^HTTP\/1.1 (\d+)/.exec(await rawLines(port, 'GET /livez HTTP/1.1', `Host: ${host}`))?.[1]

  for (const host of [`localhost:${port}`, 'LOCALHOST', `127.0.0.1:${port}`, '127.1.2.3', '[::1]', `[::1]:${port}`, 'localhost:9000']) t.is(await status(host), '200', host)
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', '[::2]', '', 'localhost:x', 'localhost@evil.example']) t.is(await status(host), '403', host)
})

test('a request with two Hosts is refused, whichever comes first', async (t) => {
  const { port } = await serve(t)

  for (const hosts of [['Host: localhost', 'Host: evil.example'], ['host: localhost', 'HOST: localhost']]) t.regex(await rawLines(port, 'GET /livez HTTP/1.1', ...hosts), /^HTTP\/1.1 400 /)
})

test('pages of other origins are refused, also those on other ports of this machine', async (t) => {
  const { url, port } = await serve(t)
  const post = (headers: Record<string, string>) => fetch(`${url}/v1/shelf/a/_find`, { method: 'POST', headers })

  t.is((await post({ origin: url })).status, 200)
  t.is((await post({ 'sec-fetch-site': 'same-origin' })).status, 200)
  for (const origin of ['https://evil.example', 'null', 'http://localhost:3000', `https://127.0.0.1:${port}`]) {
    t.is((await problemOf(t, await post({ origin }))).code, 'HTTP_ORIGIN_FORBIDDEN', origin)
  }
  const crossSite = await rawLines(port, 'POST /v1/shelf/a/_find HTTP/1.1', 'Host: localhost', 'Sec-Fetch-Site: cross-site', 'Content-Length: 0')
  t.regex(crossSite, /^HTTP\/1.1 403 /)
})

test('beyond loopback it does not listen, unless told to, and then says so', async (t) => {
  const spec = { host: '0.0.0.0', port: 0, drainTimeoutMs: 1_000, logLevel: 'info' } as const

  const refused = await t.throwsAsync(serve(t, { spec }), { code: 'HTTP_LISTEN_INSECURE' })
  t.regex(refused.message, /--insecure-listen/)

  const { port, log } = await serve(t, { spec, insecureListen: true })
  t.true(log.lines.some(({ level, message }) => level === 'warn' && message.includes('beyond loopback')))
  t.regex(await rawLines(port, 'GET /livez HTTP/1.1', 'Host: shop.example'), /^HTTP\/1.1 200 /)
})

test('a port that is taken is told with what to change', async (t) => {
  const { port } = await serve(t)

  const error = await t.throwsAsync(serve(t, { spec: { host: '127.0.0.1', port, drainTimeoutMs: 1_000, logLevel: 'info' } }), { code: 'HTTP_LISTEN_FAILED' })

  t.regex(error.message, /another program listens there/)
})
