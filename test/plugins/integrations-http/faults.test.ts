import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { openHttp } from './partner.ts'

const operations = { post: { method: 'POST', path: '/a' }, again: { method: 'POST', path: '/a', idempotent: true } }

/** A partner that says what it likes, byte by byte. */
async function startRaw(t: ExecutionContext, connected: (socket: Socket) => void): Promise<{ readonly url: string; readonly open: Set<Socket> }> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    connected(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open }
}

const says = (text: string) => (socket: Socket) => void socket.once('data', () => socket.write(text))
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

function codeOf(called: Promise<unknown>): Promise<string> {
  return called.then(() => 'answered', (error: unknown) => (error as { code: string }).code)
}

const gone = async (open: Set<Socket>) => { while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5)) }

/** What the partner does, and what it means for a call that is not idempotent, and for one that is. */
const faults: readonly [string, (socket: Socket) => void, string, string][] = [
  ['closes as soon as it is connected to', (socket) => void socket.end(), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['resets when the request comes', (socket) => void socket.once('data', () => socket.resetAndDestroy()), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['resets within the headers', (socket) => void socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncont', () => socket.resetAndDestroy())), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['resets before the body', (socket) => void socket.once('data', () => socket.write(`${head}content-length: 10\r\n\r\n`, () => socket.resetAndDestroy())), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['closes within the body', (socket) => void socket.once('data', () => socket.end(`${head}content-length: 10\r\n\r\n{"a"`)), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['closes within a chunk', (socket) => void socket.once('data', () => socket.end(`${head}transfer-encoding: chunked\r\n\r\nff\r\n{`)), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['speaks no HTTP', says('220 mail.example.com ESMTP\r\n'), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['speaks of two lengths', says(`${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['speaks of a length and of chunks', says(`${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['has a header of 1 MiB', says(`${head}x: ${'a'.repeat(1_048_576)}\r\n\r\n{}`), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
  ['has 100,000 headers', says(`${head}${'x: y\r\n'.repeat(100_000)}\r\n{}`), 'INTEGRATION_OUTCOME_UNKNOWN', 'INTEGRATION_PARTNER_FAILED'],
]
for (const [what, connected, onlyOnce, repeatable] of faults) {
  test(`a partner that ${what} fails the call, which says whether it may be repeated`, async (t) => {
    const { url } = await startRaw(t, connected)
    const partner = await openHttp(t, url, operations, { settings: { timeout: '20s' } })

    t.deepEqual([await codeOf(partner.call({ operation: 'post' })), await codeOf(partner.call({ operation: 'again' }))], [onlyOnce, repeatable])
  })
}

test('a partner that hangs has so many connections as the settings say, each call ends in its time, and the next ones find it back', async (t) => {
  let [asked, most] = [0, 0]
  let hangs = true
  const { url, open } = await startRaw(t, (socket) => {
    most = Math.max(most, open.size)
    socket.on('data', () => {
      asked++
      if (!hangs) socket.write(`${head}content-length: 2\r\n\r\n{}`)
    })
  })
  const partner = await openHttp(t, url, operations, { settings: { timeout: '3s', maxConnections: 3 } })

  const codes = await Promise.all(Array.from({ length: 20 }, () => codeOf(partner.call({ operation: 'again' }))))
  t.deepEqual([...new Set(codes)], ['INTEGRATION_TIMEOUT'])
  await gone(open)
  t.deepEqual([asked, most], [3, 3])

  hangs = false
  t.deepEqual(await Promise.all(Array.from({ length: 20 }, () => codeOf(partner.call({ operation: 'again' })))), Array.from({ length: 20 }, () => 'answered'))
  t.is(asked, 23)
})

test('a partner that trickles bytes is given up when the time of the call is over, however many come', async (t) => {
  let written = 0
  const { url, open } = await startRaw(t, (socket) => {
    socket.once('data', () => {
      socket.write(`${head}content-length: 100000\r\n\r\n`)
      const timer = setInterval(() => { if (socket.write(' ')) written += 1 }, 10)
      socket.on('close', () => clearInterval(timer))
    })
  })
  const partner = await openHttp(t, url, operations, { settings: { timeout: '1500ms' } })

  t.is(await codeOf(partner.call({ operation: 'again' })), 'INTEGRATION_TIMEOUT')

  t.true(written > 0)
  await gone(open)
})

test('of 1 GB no more is read than the limit and what was under way', async (t) => {
  let sent = 0
  const { url, open } = await startRaw(t, (socket) => {
    const block = Buffer.alloc(65_536, 0x20)
    const more = () => {
      while (sent < 1_000_000_000 && !socket.destroyed) {
        sent += block.length
        if (!socket.write(block)) return void socket.once('drain', more)
      }
    }
    socket.once('data', () => { socket.write(`${head}\r\n`); more() })
  })
  const partner = await openHttp(t, url, operations, { settings: { maxAnswer: '64KiB' } })

  t.is(await codeOf(partner.call({ operation: 'post' })), 'INTEGRATION_BAD_ANSWER')

  await gone(open)
  t.log(`${sent} bytes were sent`)
  t.true(sent < 30_000_000)
})

test('whatever a partner did, the next call has a connection of its own', async (t) => {
  let connections = 0
  const { url } = await startRaw(t, (socket) => {
    connections += 1
    if (connections <= 20) socket.once('data', () => socket.resetAndDestroy())
    else says(`${head}content-length: 2\r\n\r\n{}`)(socket)
  })
  const partner = await openHttp(t, url, operations, { settings: { maxConnections: 2 } })

  const codes = []
  for (let call = 0; call < 21; call++) codes.push(await codeOf(partner.call({ operation: 'again' })))

  t.deepEqual([codes.filter((code) => code === 'INTEGRATION_PARTNER_FAILED').length, codes.at(-1), connections], [20, 'answered', 21])
})
