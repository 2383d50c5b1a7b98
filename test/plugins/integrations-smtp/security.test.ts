import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import type { SMTPServerOptions } from 'smtp-server'
import { Authority } from '../../services/certificates.ts'
import { folderOf } from '../integrations-http/tls-partner.ts'
import { hello, openSmtp, reply, startRelay, type TestRelay } from './relay.ts'

const input = { email: 'ada@example.org', name: 'Ada' }

// Nothing here may go by it.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'

async function ask(t: ExecutionContext, { port }: TestRelay, settings: object): Promise<string> {
  const partner = await openSmtp(t, port, { hello }, { settings })
  try {
    await partner.call({ operation: 'hello', input })
    return 'sent'
  } catch (error) {
    const { code, details } = error as { code: string; details: { reason: string } }
    t.is(code, 'INTEGRATION_UNREACHABLE')
    return /\((\w+)\)/.exec(details.reason)?.[1] ?? details.reason
  }
}

function identityOf({ certificate, key }: { readonly certificate: string; readonly key: string }): SMTPServerOptions {
  return { cert: readFileSync(certificate), key: readFileSync(key) }
}

for (const security of ['tls', 'starttls'] as const) {
  test(`with ${security} a mail goes to a relay whose certificate is good and names it, and to no other`, async (t) => {
    const folder = folderOf(t)
    const authority = new Authority(folder, 'good')
    const { ca } = authority
    const more = { secure: security === 'tls', disabledCommands: ['AUTH'] }
    const good = await startRelay(t, { ...more, ...identityOf(authority.sign('127.0.0.1')) })
    const other = await startRelay(t, { ...more, ...identityOf(authority.sign('mail.example.com')) })

    t.is(await ask(t, good, { security, tls: { ca } }), 'sent')
    t.is(await ask(t, good, { security }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    t.is(await ask(t, good, { security, tls: { ca: new Authority(folder, 'stranger').ca } }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    t.is(await ask(t, other, { security, tls: { ca } }), 'ERR_TLS_CERT_ALTNAME_INVALID')
    t.is(await ask(t, other, { security, tls: { ca, serverName: 'mail.example.com' } }), 'sent')
    t.deepEqual([good, other].map(({ delivered }) => delivered.map(({ secure }) => secure)), [[true], [true]])
  })
}

test('a relay that offers no STARTTLS gets neither the password nor the mail', async (t) => {
  const relay = await startRelay(t, { disabledCommands: ['STARTTLS'], allowInsecureAuth: true, onAuth: () => t.fail() })

  t.is(await ask(t, relay, { security: 'starttls', user: 'shop', password: 'secret' }), 'the relay answered 500 to STARTTLS')
  t.deepEqual(relay.delivered, [])
})

test('the relay is told who sends, and a mail whose login it refuses is not sent', async (t) => {
  const authority = new Authority(folderOf(t), 'login')
  const identity = identityOf(authority.sign('127.0.0.1'))
  const { ca } = authority
  const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, callback) => (username === 'shop' && password === 'right' ? callback(null, { user: username }) : callback(reply(535)))
  const relay = await startRelay(t, { ...identity, disabledCommands: [], authOptional: false, onAuth })
  const without = await startRelay(t, { ...identity, disabledCommands: ['AUTH'] })

  t.is(await ask(t, relay, { security: 'starttls', tls: { ca }, user: 'shop', password: 'right' }), 'sent')
  t.is(await ask(t, relay, { security: 'starttls', tls: { ca }, user: 'shop', password: 'wrong' }), 'the relay answered 535 to the login')
  t.is(await ask(t, without, { security: 'starttls', tls: { ca }, user: 'shop', password: 'right' }), 'the relay offers no login')
  t.deepEqual([relay.delivered.map(({ user }) => user), without.delivered], [['shop'], []])
})

test('settings that would show a password, or do not belong together, end the start, and do not tell it', async (t) => {
  const authority = new Authority(folderOf(t), 'wrong')
  const { certificate } = authority.sign('one.example.com')
  const wrong = [
    { security: 'none', user: 'shop', password: 'hunter2' }, { security: 'tls', user: 'shop' }, { security: 'tls', password: 'hunter2' }, { from: 'nobody' }, { from: '{email}' }, { from: 'A\nB <a@example.com>' },
    { host: 'mail.example.com\r\nX' }, { clientName: 'a b' }, { tls: { ca: `${authority.ca}.missing` } }, { tls: { certificate } }, { tls: { certificate, key: certificate } },
  ]
  for (const settings of wrong) {
    const error = await t.throwsAsync(openSmtp(t, 1, { hello }, { settings }), { code: 'PLUGIN_START_FAILED' }, JSON.stringify(settings))
    t.notRegex(error?.message ?? '', /hunter2/)
  }
})
