import { connect } from 'node:net'
import { once } from 'node:events'
import test from 'ava'
import { problemOf, rawRequest, send, serve } from './harness.ts'

test('a shutdown answers what is in flight, closes idle connections, and takes no new ones', async (t) => {
  const { server, url, port } = await serve(t)
  const idle = connect(port, '127.0.0.1')
  idle.resume()
  await once(idle, 'connect')
  await fetch(`${url}/livez`)

  // A request whose body is still arriving when the shutdown begins.
  const slow = connect(port, '127.0.0.1')
  const ended = once(slow, 'close')
  let answer = ''
  slow.setEncoding('utf8').on('data', (chunk: string) => { answer += chunk })
  slow.write('POST /v1/shelf/top/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"payload"')
  // Connections are taken in the order of coming: when this is answered, the server has the other one, too.
  await fetch(`${url}/livez`)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const startedMs = performance.now()
  const drained = server.drain(60_000)
  slow.write(':1}')
  await Promise.all([drained, ended])

  t.true(performance.now() - startedMs < 20_000, 'an idle connection does not hold it')
  t.regex(answer, /^HTTP\/1.1 201 [^]*connection: close[^]*"kind":"one"/)
  await t.throwsAsync(fetch(`${url}/livez`))
})

test('a shutdown ends long polls with a problem that says to come again', async (t) => {
  const { server, url, seen } = await serve(t)
  const waiting = send(`${url}/v1/shelf/_wait`, 'POST', { waitMs: 20_000 })
  while (seen.signals.length === 0) await new Promise((resolve) => setImmediate(resolve))

  await server.drain(5_000)

  const answer = await waiting
  t.is(answer.headers.get('connection'), 'close')
  t.like(await problemOf(t, answer), { status: 503, code: 'KERNEL_DRAINING' })
})

test('a shutdown cuts what does not end before its deadline', async (t) => {
  const { server, url, port } = await serve(t)
  const never = rawRequest(port, 'POST /v1/shelf/a/_find HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{')
  await fetch(`${url}/livez`)
  await new Promise((resolve) => setTimeout(resolve, 50))

  await server.drain(100)

  // A connection with something unread in it is reset, which the client may be told in place of its end.
  const told = await never.catch((error: unknown) => (error instanceof Error && 'code' in error ? error.code : error))
  t.true(told === '' || told === 'ECONNRESET', String(told))
})

test('while it drains it is not ready, and answers close their connections', async (t) => {
  const { server, url } = await serve(t)
  server.beginDrain()

  const ready = await fetch(`${url}/readyz`)
  t.is(ready.headers.get('connection'), 'close')
  t.like(await problemOf(t, ready), { status: 503, code: 'KERNEL_DRAINING' })
  t.is((await problemOf(t, await send(`${url}/v1/shelf/_wait`, 'POST', { waitMs: 10 }))).code, 'KERNEL_DRAINING')
  t.is((await fetch(`${url}/livez`)).status, 200)
})

test('a client that goes away aborts its call', async (t) => {
  const { port, seen } = await serve(t)
  const socket = connect(port, '127.0.0.1')
  socket.write('POST /v1/shelf/_wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"waitMs":20000}')
  while (seen.signals.length === 0) await new Promise((resolve) => setImmediate(resolve))

  socket.destroy()
  if (!seen.signals[0]?.aborted) await once(seen.signals[0] as AbortSignal, 'abort')

  t.true(seen.signals[0]?.aborted)
})

test('a long poll that is answered was not aborted', async (t) => {
  const { url, seen } = await serve(t)

  t.deepEqual(await (await send(`${url}/v1/shelf/_wait`, 'POST', { waitMs: 20 })).json(), { items: [] })
  t.false(seen.signals[0]?.aborted)
})
