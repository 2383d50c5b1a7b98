import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { SMTPServerOptions } from 'smtp-server'
import { isPorticoError } from '../../../kernel/errors.ts'
import { hello, openSmtp, reply, startRelay, type OpenParts } from './relay.ts'

const input = { email: 'ada@example.org', name: 'Ada' }

/** The code that a call ends with, and the relay's number in it. */
async function outcome(t: ExecutionContext, options: SMTPServerOptions, operation: object = hello, parts: OpenParts = {}): Promise<unknown[]> {
  const relay = await startRelay(t, options)
  const partner = await openSmtp(t, relay.port, { send: operation }, parts)
  try {
    await partner.call({ operation: 'send', input })
    return ['sent']
  } catch (error) {
    if (!isPorticoError(error)) throw error
    return 'partnerStatus' in error.details ? [error.code, error.details.partnerStatus] : [error.code]
  }
}

test('what the relay refuses for good is refused, what it defers may be tried again, wherever it says so', async (t) => {
  for (const [status, code] of [[451, 'INTEGRATION_PARTNER_FAILED'], [421, 'INTEGRATION_PARTNER_FAILED'], [550, 'INTEGRATION_PARTNER_REFUSED'], [554, 'INTEGRATION_PARTNER_REFUSED']] as const) {
    t.deepEqual(await outcome(t, { onMailFrom: (_address, _session, callback) => callback(reply(status)) }), [code, status])
    t.deepEqual(await outcome(t, { onRcptTo: (_address, _session, callback) => callback(reply(status)) }), [code, status])
    t.deepEqual(await outcome(t, { onData: (stream, _session, callback) => stream.resume().on('end', () => callback(reply(status))) }), [code, status])
  }
})

test('before the mail is begun any failure leaves it unsent: a relay that is not there, is busy, or refuses the login', async (t) => {
  const gone = await startRelay(t)
  await gone.close()
  const partner = await openSmtp(t, gone.port, { hello })
  await t.throwsAsync(partner.call({ operation: 'hello', input }), { code: 'INTEGRATION_UNREACHABLE', message: /ECONNREFUSED/ })

  t.deepEqual(await outcome(t, { onConnect: (_session, callback) => callback(reply(421)) }), ['INTEGRATION_UNREACHABLE'])
  t.deepEqual(await outcome(t, { onConnect: (_session, callback) => callback(reply(554)) }), ['INTEGRATION_UNREACHABLE'])
})

test('a mail that some recipients get is answered with who does not', async (t) => {
  const relay = await startRelay(t, { onRcptTo: ({ address }, _session, callback) => callback(address.startsWith('no') ? reply(550) : address.startsWith('later') ? reply(450) : null) })
  const partner = await openSmtp(t, relay.port, { send: { mail: { ...hello.mail, to: '{email}' } } })

  const { output } = await partner.call({ operation: 'send', input: { name: 'A', email: ['no@example.org', 'yes@example.org', 'later@example.org'] } })

  t.like(output, { accepted: ['yes@example.org'], rejected: [{ address: 'no@example.org', status: 550 }, { address: 'later@example.org', status: 450 }] })
  t.deepEqual(relay.delivered[0]?.to, ['yes@example.org'])
  const none = await t.throwsAsync(partner.call({ operation: 'send', input: { name: 'A', email: ['no@example.org', 'later@example.org'] } }), { code: 'INTEGRATION_PARTNER_FAILED' })
  t.like(none, { retryable: true, details: { partnerStatus: 450 } })
})

/** A relay that says what `answer` has for each line, and nothing where it has none. */
async function startScripted(t: ExecutionContext, answer: (line: string, socket: Socket) => string | undefined): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.setEncoding('latin1')
    let text = ''
    const say = (line: string) => {
      const said = answer(line, socket)
      if (said !== undefined) socket.write(`${said}\r\n`)
    }
    say('<open>')
    socket.on('data', (more: string) => {
      text += more
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        say(text.slice(0, end))
        text = text.slice(end + 2)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Good answers up to `until`, at which `then` says what comes. */
const upTo = (until: RegExp, then: (socket: Socket) => string | undefined) => (line: string, socket: Socket): string | undefined => {
  if (until.test(line)) return then(socket)
  if (line === '<open>') return '220 ready'
  if (line.startsWith('EHLO')) return '250 hello'
  if (/^(MAIL|RCPT)/.test(line)) return '250 ok'
  if (line === 'DATA') return '354 go on'
  return undefined
}

const cut = (socket: Socket) => {
  socket.destroy()
  return undefined
}

test('a connection that ends before the mail is whole has sent nothing; after that nobody knows', async (t) => {
  const keyed = { ...hello, idempotencyKey: true }
  const codeOf = async (until: RegExp, then: (socket: Socket) => string | undefined, operation: object, settings = {}) => {
    const partner = await openSmtp(t, await startScripted(t, upTo(until, then)), { send: operation }, { settings })
    const error = await t.throwsAsync(partner.call({ operation: 'send', input }))
    return isPorticoError(error) ? error.code : error
  }

  for (const early of [/^EHLO/, /^MAIL/, /^RCPT/, /^DATA$/]) {
    t.is(await codeOf(early, cut, hello), 'INTEGRATION_UNREACHABLE', String(early))
    t.is(await codeOf(early, () => undefined, hello, { timeout: '300ms' }), 'INTEGRATION_TIMEOUT', String(early))
  }
  t.is(await codeOf(/^\.$/, cut, hello), 'INTEGRATION_OUTCOME_UNKNOWN')
  t.is(await codeOf(/^\.$/, cut, keyed), 'INTEGRATION_PARTNER_FAILED')
  t.is(await codeOf(/^\.$/, () => undefined, hello, { timeout: '3s' }), 'INTEGRATION_OUTCOME_UNKNOWN')
  t.is(await codeOf(/^\.$/, () => undefined, keyed, { timeout: '300ms' }), 'INTEGRATION_TIMEOUT')
  t.is(await codeOf(/^EHLO/, () => '250-without end\r\n'.repeat(10_000), hello), 'INTEGRATION_UNREACHABLE')
})

test('a caller that gives up ends the connection', async (t) => {
  const ended = Promise.withResolvers<undefined>()
  const begun = Promise.withResolvers<undefined>()
  const port = await startScripted(t, upTo(/^MAIL/, (socket) => {
    socket.on('close', () => ended.resolve(undefined))
    begun.resolve(undefined)
    return undefined
  }))
  const partner = await openSmtp(t, port, { hello })
  const giveUp = new AbortController()

  const call = partner.call({ operation: 'hello', input }, { signal: giveUp.signal })
  await begun.promise
  giveUp.abort()

  await t.throwsAsync(call)
  await ended.promise
  t.pass()
})

test('a mail that is larger than the relay says it takes is refused before it is sent', async (t) => {
  t.deepEqual(await outcome(t, { size: 100 }), ['INTEGRATION_PARTNER_REFUSED', 552])
})

test('so many mails at once as the settings say, and all of them arrive', async (t) => {
  const relay = await startRelay(t)
  const partner = await openSmtp(t, relay.port, { hello }, { settings: { maxConnections: 3 } })

  await Promise.all(Array.from({ length: 20 }, () => partner.call({ operation: 'hello', input })))

  t.is(relay.delivered.length, 20)
  t.true(relay.seen.most <= 3, String(relay.seen.most))
})

test('mails that are kept while the relay is away are sent when it is back, each with the Message-ID that its first attempt had', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'portico-smtp-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const away = await startRelay(t)
  await away.close()
  const partner = await openSmtp(t, away.port, { hello: { ...hello, idempotencyKey: true } }, { binding: { fallback: [{ use: 'file', with: { directory } }] } })

  const kept = [await partner.call({ operation: 'hello', input: { ...input, name: 'first' }, idempotencyKey: 'a' }), await partner.call({ operation: 'hello', input: { ...input, name: 'second' }, idempotencyKey: 'b' })]
  const arrived = Promise.withResolvers<undefined>()
  const ids: string[] = []
  const back = await startRelay(t, {
    onData(stream, _session, callback) {
      let raw = ''
      stream.on('data', (chunk: Buffer) => { raw += chunk.toString() })
      stream.on('end', () => {
        ids.push(/^Message-ID: (.*)\r$/m.exec(raw)?.[1] ?? '')
        callback()
        if (ids.length === 2) arrived.resolve(undefined)
      })
    },
  }, away.port)
  await arrived.promise

  t.deepEqual(kept.map(({ accepted, degraded, via }) => [accepted, degraded, via]), [[true, true, 'file'], [true, true, 'file']])
  t.is(back.seen.most, 1)
  const again = (await partner.call({ operation: 'hello', input, idempotencyKey: 'a' })).output as { messageId: string }
  t.is(ids[0], again.messageId)
  t.not(ids[0], ids[1])
})

test('a mail can stand behind a partner over HTTP that is away', async (t) => {
  const relay = await startRelay(t)
  const settings = { host: '127.0.0.1', port: relay.port, security: 'none', from: 'shop@example.com' }
  const operation = { method: 'POST', path: '/orders', mail: { to: 'desk@example.com', subject: 'Order {order}', text: '{order} could not be placed' } }
  const partner = await openSmtp(t, relay.port, { place: operation }, { binding: { use: 'http', with: { baseUrl: 'http://127.0.0.1:1' }, fallback: [{ use: 'smtp', with: settings }] } })

  const answer = await partner.call({ operation: 'place', input: { order: 17, more: { a: 1 } } })

  t.like(answer, { degraded: true, via: 'smtp', output: { accepted: ['desk@example.com'] } })
  t.regex(relay.delivered[0]?.raw ?? '', /Subject: Order 17/)
})
