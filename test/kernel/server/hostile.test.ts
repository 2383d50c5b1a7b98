import test from 'ava'
import { assertHostileProof } from './hostile.ts'
import { problemOf, rawLines, rawRequest, send, serve } from './harness.ts'

test('no input is answered with a 5xx, and each refusal is a problem', async (t) => {
  t.timeout(60_000)
  const { port, url } = await serve(t)

  await assertHostileProof(t, port, ['/v1/shelf', '/v1/shelf.upper', '/v1', '', '/v1/shelf/a', '/v1/shelf/a/_find'], 400)

  t.is((await fetch(`${url}/livez`)).status, 200)
})

test('keys of 10 MB are refused wherever they stand, and the server goes on', async (t) => {
  const { port, url } = await serve(t)
  const large = 'k'.repeat(10 * 1024 ** 2)

  t.regex(await rawLines(port, `GET /v1/shelf/a/${large} HTTP/1.1`, 'Host: localhost'), /^HTTP\/1.1 414 /)
  t.regex(await rawLines(port, 'GET /livez HTTP/1.1', 'Host: localhost', `X-Key: ${large}`), /^HTTP\/1.1 431 /)
  t.is((await problemOf(t, await send(`${url}/v1/shelf/a/b`, 'PUT', { [large]: 1 }).catch(() => send(`${url}/v1/shelf/a/b`, 'PUT', { [large.slice(0, 2 * 1024 ** 2)]: 1 })))).status, 413)
  t.is((await fetch(`${url}/livez`)).status, 200)
})

test('a body that is shorter than it says, or chunked nonsense, harms nobody else', async (t) => {
  const { port, url } = await serve(t)

  t.regex(await rawRequest(port, 'PUT /v1/shelf/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'), /^HTTP\/1.1 400 /)
  t.regex(await rawRequest(port, `PUT /v1/shelf/a/b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(10_000)}2\r\n{}\r\n0\r\n\r\n`), /^HTTP\/1.1 201 /)
  t.is((await fetch(`${url}/livez`)).status, 200)
})
