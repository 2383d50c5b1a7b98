import test from 'ava'
import type { PorticoError } from '../../../kernel/plugin.ts'
import { hello, openSmtp, startRelay } from './relay.ts'

const bodyOf = (raw: string) => raw.slice(raw.indexOf('\r\n\r\n') + 4)
const headersOf = (raw: string) => raw.slice(0, raw.indexOf('\r\n\r\n')).replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
const headerOf = (raw: string, name: string) => headersOf(raw).filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 2))

test('a call is one mail, filled from its input, and is answered with its id and who it went to', async (t) => {
  const relay = await startRelay(t)
  const mail = {
    to: ['{name} <{email}>', '{others}'], cc: '{copy}', bcc: 'archive@example.com', replyTo: 'care+{order}@example.com',
    subject: 'Order {order}', text: 'Dear {name},\n{total} EUR.', html: '<p title="{name}">{total} EUR</p>',
  }
  const partner = await openSmtp(t, relay.port, { confirm: { mail } })

  const input = { name: 'Ada', email: 'ada@example.org', others: ['bob@example.org', 'eve@example.net'], order: 17, total: 9.5, unused: [1] }
  const { output, ...rest } = await partner.call({ operation: 'confirm', input })

  const [got] = relay.delivered
  const to = ['ada@example.org', 'bob@example.org', 'eve@example.net', 'archive@example.com']
  t.deepEqual(rest, { degraded: false, via: 'smtp', accepted: false })
  t.deepEqual(output, { messageId: headerOf(got?.raw ?? '', 'message-id')[0] ?? '', accepted: to, rejected: [] })
  t.is(relay.delivered.length, 1)
  t.deepEqual([got?.from, got?.to], ['shop@example.com', to])
  const raw = got?.raw ?? ''
  t.deepEqual(headerOf(raw, 'from'), ['Shop <shop@example.com>'])
  t.deepEqual(headerOf(raw, 'to'), ['Ada <ada@example.org>, bob@example.org, eve@example.net'])
  t.deepEqual([headerOf(raw, 'reply-to'), headerOf(raw, 'subject')], [['care+17@example.com'], ['Order 17']])
  t.deepEqual([headerOf(raw, 'cc'), headerOf(raw, 'bcc')], [[], []])
  t.deepEqual(headerOf(raw, 'auto-submitted'), ['auto-generated'])
  t.regex(raw, /text\/plain[^]*Dear Ada,\r\n9\.5 EUR\.[^]*text\/html[^]*<p title="Ada">9\.5 EUR<\/p>/)
})

test('an operation may be from another sender than the settings say', async (t) => {
  const relay = await startRelay(t)
  const partner = await openSmtp(t, relay.port, { hello: { mail: { ...hello.mail, from: '{name} at Shop <noreply@example.net>' } } })

  const { output } = await partner.call({ operation: 'hello', input: { email: 'ada@example.org', name: 'Bob' } })

  t.is(relay.delivered[0]?.from, 'noreply@example.net')
  t.deepEqual(headerOf(relay.delivered[0]?.raw ?? '', 'from'), ['Bob at Shop <noreply@example.net>'])
  t.regex((output as { messageId: string }).messageId, /^<[0-9a-f]{40}@example\.net>$/)
})

test('what would be another recipient, another header or another line is refused, and nothing is sent', async (t) => {
  const relay = await startRelay(t)
  const mail = { to: ['{email}', '{name} <{other}>', '{user}@example.com'], subject: 'For {name}', text: 'x' }
  const partner = await openSmtp(t, relay.port, { send: { mail } })
  const good = { email: 'a@example.org', name: 'A', other: 'b@example.org', user: 'c' }

  const addresses = [
    'a@example.org, b@evil.example', 'a@example.org\r\nRCPT TO:<b@evil.example>', 'a@example.org\nBcc: b@evil.example', 'A <a@example.org>', '<a@example.org>', '"a b"@example.org',
    'a@evil.example@example.org', 'a%evil.example@example.org', 'evil.example!a@example.org', 'a', '', '@example.org', 'a@', 'a@[127.0.0.1]', 'a..b@example.org', 'ä@example.org', 'a@exämple.org',
    'a@example.org>', 'a@example.org SIZE=1', `${'a'.repeat(65)}@example.org`, `a@${'b.'.repeat(130)}org`, '-@-.org', '|sh@example.org',
  ]
  for (const address of addresses) {
    for (const field of ['email', 'other']) {
      const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'send', input: { ...good, [field]: address } }), { code: 'INTEGRATION_INPUT_INVALID' }, address)
      t.is(error?.errors[0]?.path, `/input/${field}`, address)
    }
  }
  for (const list of [['a@example.org', 1], [['a@example.org']], { a: 1 }, null, Array(51).fill('a@example.org')]) {
    await t.throwsAsync(partner.call({ operation: 'send', input: { ...good, email: list as never } }), { code: 'INTEGRATION_INPUT_INVALID' }, JSON.stringify(list))
  }
  for (const user of ['a@evil.example', 'a,b', 'a b', 'a>', 'a\r\n', '']) await t.throwsAsync(partner.call({ operation: 'send', input: { ...good, user } }), { code: 'INTEGRATION_INPUT_INVALID' }, user)
  for (const name of ['A\r\nBcc: b@evil.example', 'A\nX: y', 'A\rX', 'A\u2028X', 'A\u0085X', 'A\tX', 'n'.repeat(501), ['A'], null]) {
    await t.throwsAsync(partner.call({ operation: 'send', input: { ...good, name } }), { code: 'INTEGRATION_INPUT_INVALID' }, JSON.stringify(name))
  }
  const alone = await openSmtp(t, relay.port, { send: { mail: { to: '{email}', subject: 's', text: 'x' } } })
  await t.throwsAsync(alone.call({ operation: 'send', input: { email: [] } }), { code: 'INTEGRATION_INPUT_INVALID' })
  t.deepEqual([relay.delivered.length, relay.seen.connections], [0, 0])
})

test('names and subjects that look like more stay what they are', async (t) => {
  const relay = await startRelay(t)
  const partner = await openSmtp(t, relay.port, { send: { mail: { to: '{name} <{email}>', subject: '{name}', text: '-' } } })

  const names = ['"B" <b@evil.example>, "C', 'B <b@evil.example>', 'x, b@evil.example', 'B: c@evil.example;', '=?utf-8?Q?=0D=0ABcc:_b@evil.example?=', 'Ünï "çode" 😀', '\\', '(b@evil.example)']
  for (const name of names) await partner.call({ operation: 'send', input: { name, email: 'a@example.org' } })

  for (const [index, { to, raw }] of relay.delivered.entries()) {
    t.deepEqual(to, ['a@example.org'], names[index])
    t.deepEqual([headerOf(raw, 'to').length, headerOf(raw, 'subject').length, headerOf(raw, 'bcc').length], [1, 1, 0], names[index])
    t.regex(headerOf(raw, 'to')[0] ?? '', /^("(\\.|[^"\\])*"|[^"<>,;:@()\\]*) <a@example\.org>$/, names[index])
  }
  t.is(relay.delivered.length, names.length)
})

test('a text that looks like the end of the mail and more commands is text', async (t) => {
  const relay = await startRelay(t)
  const partner = await openSmtp(t, relay.port, { send: { mail: { to: 'a@example.org', subject: 's', text: '{text}' } } })

  const ends = ['\r\n.\r\n', '\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n', '\r.\r\n']
  for (const end of ends) await partner.call({ operation: 'send', input: { text: `first${end}MAIL FROM:<x@evil.example>\r\nRCPT TO:<y@evil.example>\r\nDATA\r\nlast` } })

  t.is(relay.delivered.length, ends.length)
  for (const { raw, to } of relay.delivered) {
    t.deepEqual(to, ['a@example.org'])
    t.regex(raw, /first[^]*MAIL FROM[^]*last/)
    t.notRegex(raw, /\r(?!\n)|(?<!\r)\n/)
  }
})

test('what is filled into HTML is escaped', async (t) => {
  const relay = await startRelay(t)
  const partner = await openSmtp(t, relay.port, { send: { mail: { to: 'a@example.org', subject: 's', html: '<style>p { color: red }</style><p title="{x}">{x}</p>' } } })

  await partner.call({ operation: 'send', input: { x: `<a href='b'>&"` } })

  const html = bodyOf(relay.delivered[0]?.raw ?? '').replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const escaped = '&lt;a href=&#39;b&#39;&gt;&amp;&quot;'
  t.is(html.trim(), `<style>p { color: red }</style><p title="${escaped}">${escaped}</p>`)
})

test('a mail is bounded, however often a field stands in it', async (t) => {
  const relay = await startRelay(t)
  const operations = { many: { mail: { to: 'a@example.org', subject: 's', text: '{x}'.repeat(50_000) } }, one: { mail: { to: 'a@example.org', subject: 's', text: '{x}' } } }
  const partner = await openSmtp(t, relay.port, operations, { settings: { maxMessage: '64KiB' } })

  const many = await t.throwsAsync(partner.call({ operation: 'many', input: { x: 'x'.repeat(100_000) } }), { code: 'INTEGRATION_INPUT_INVALID' })
  const one = await t.throwsAsync(partner.call({ operation: 'one', input: { x: 'x'.repeat(70_000) } }), { code: 'INTEGRATION_INPUT_INVALID' })
  // The first is refused while it is filled in, by its field; the second once it is whole.
  t.like(many, { errors: [{ path: '/input/x' }] })
  t.like(one, { errors: [{ path: '/input' }] })
  await partner.call({ operation: 'one', input: { x: 'x'.repeat(50_000) } })

  t.is(relay.delivered.length, 1)
})

test('the Message-ID follows from the idempotency key and does not show it; without one it is new each time', async (t) => {
  const relay = await startRelay(t)
  const partner = await openSmtp(t, relay.port, { hello, other: hello })
  const input = { email: 'a@example.org', name: 'A' }
  const idOf = async (operation: string, idempotencyKey?: string) => ((await partner.call({ operation, input, ...(idempotencyKey !== undefined && { idempotencyKey }) })).output as { messageId: string }).messageId

  const ids = [await idOf('hello', 'order>17@x'), await idOf('hello', 'order>17@x'), await idOf('hello', 'order>18@x'), await idOf('other', 'order>17@x'), await idOf('hello'), await idOf('hello')]

  t.is(ids[0], ids[1])
  t.is(new Set(ids).size, 5)
  for (const id of ids) t.regex(id, /^<[0-9a-f]{40}@example\.com>$/)
})

test('a mail that contradicts itself is refused before anything starts', async (t) => {
  const wrong: readonly [object, RegExp][] = [
    [{}, /operations\.a.*mail/],
    [{ mail: { to: '{email}', subject: 's' } }, /write `text`, `html`, or both/],
    [{ mail: { subject: 's', text: 't' } }, /to/],
    [{ mail: { to: 'nobody', subject: 's', text: 't' } }, /mail\.to: is no address/],
    [{ mail: { to: ['a@example.org', '{email'], subject: 's', text: 't' } }, /mail\.to\[?\.?1\]?: is no address/],
    [{ mail: { to: '{a}@{b}@c', subject: 's', text: 't' } }, /is no address/],
    [{ mail: { to: '{email}', from: '{email}', subject: 's', text: 't' } }, /the sender is not for a caller to say/],
    [{ mail: { to: '{email}', subject: 'a\nb', text: 't' } }, /one line/],
    [{ mail: { to: '{email}', subject: 's', text: 't', attachments: [] } }, /attachments/],
    [{ mail: { to: [], subject: 's', text: 't' } }, /to/],
  ]
  for (const [operation, message] of wrong) await t.throwsAsync(openSmtp(t, 1, { a: operation }), { message }, JSON.stringify(operation))
})
