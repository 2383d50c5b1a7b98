import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { Authority } from '../../services/certificates.ts'
import { openHttp } from './partner.ts'
import { folderOf, pinOf, startTlsPartner } from './tls-partner.ts'

const operations = { get: { method: 'GET', path: '/' } }

async function ask(t: ExecutionContext, url: string, tls: object): Promise<string> {
  const partner = await openHttp(t, url, operations, { settings: { tls } })
  try {
    await partner.call({ operation: 'get' })
    return 'answered'
  } catch (error) {
    const { code, details } = error as { code: string; details: { reason: string } }
    t.is(code, 'INTEGRATION_UNREACHABLE')
    return /\((\w+)\)/.exec(details.reason)?.[1] ?? details.reason
  }
}

test('a partner is called whose certificate is good and names the host, and no other', async (t) => {
  const folder = folderOf(t)
  const authority = new Authority(folder, 'good')
  const { ca } = authority
  const good = await startTlsPartner(t, authority.sign('127.0.0.1'))
  const other = await startTlsPartner(t, authority.sign('pay.example.com'))
  const expired = await startTlsPartner(t, authority.sign('127.0.0.1', { expired: true }))

  t.is(await ask(t, good.url, { ca }), 'answered')
  t.is(await ask(t, good.url, {}), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  t.is(await ask(t, good.url, { ca: new Authority(folder, 'stranger').ca }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  t.is(await ask(t, other.url, { ca }), 'ERR_TLS_CERT_ALTNAME_INVALID')
  t.is(await ask(t, other.url, { ca, serverName: 'pay.example.com' }), 'answered')
  t.is(await ask(t, expired.url, { ca }), 'CERT_HAS_EXPIRED')
  t.deepEqual([good.asked.length, other.asked.length, expired.asked.length], [1, 1, 0])
})

test('a certificate that signed itself is refused, whatever the environment says of it', async (t) => {
  const authority = new Authority(folderOf(t), 'itself')
  const partner = await startTlsPartner(t, authority.alone('127.0.0.1'))
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.teardown(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })

  t.is(await ask(t, partner.url, {}), 'DEPTH_ZERO_SELF_SIGNED_CERT')
  t.deepEqual(partner.asked, [])
})

test('TLS before 1.2 is not spoken, nor before 1.3 when that is demanded', async (t) => {
  const authority = new Authority(folderOf(t), 'versions')
  const identity = authority.sign('127.0.0.1')
  const old = await startTlsPartner(t, identity, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
  const usual = await startTlsPartner(t, identity, { maxVersion: 'TLSv1.2' })

  t.not(await ask(t, old.url, { ca: authority.ca }), 'answered')
  t.is(await ask(t, usual.url, { ca: authority.ca }), 'answered')
  t.not(await ask(t, usual.url, { ca: authority.ca, minVersion: 'TLSv1.3' }), 'answered')
  t.deepEqual([old.asked.length, usual.versions], [0, ['TLSv1.2']])
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`over ${maxVersion} a good certificate of a key that is not pinned is refused, each time`, async (t) => {
    const authority = new Authority(folderOf(t), 'pins')
    const { ca } = authority
    const identity = authority.sign('127.0.0.1')
    const partner = await startTlsPartner(t, identity, { maxVersion })
    const [right, wrong] = [pinOf(identity.certificate), pinOf(ca)]
    const refused = await openHttp(t, partner.url, operations, { settings: { tls: { ca, pins: [wrong] } } })

    // More than once: a session that is resumed is not checked anew, and must not have been kept.
    for (let times = 0; times < 3; times++) await t.throwsAsync(refused.call({ operation: 'get' }), { code: 'INTEGRATION_UNREACHABLE' })
    t.deepEqual(partner.asked, [])
    t.is(await ask(t, partner.url, { ca, pins: [wrong] }), 'TLS_KEY_NOT_PINNED')
    t.is(await ask(t, partner.url, { ca, pins: [wrong, right] }), 'answered')
    t.is(await ask(t, partner.url, { pins: [right] }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })
}

test('a partner that wants a certificate is shown the one of the settings', async (t) => {
  const authority = new Authority(folderOf(t), 'both')
  const { ca } = authority
  const partner = await startTlsPartner(t, authority.sign('127.0.0.1'), { requestCert: true, rejectUnauthorized: true, ca: readFileSync(ca) })
  const { certificate, key } = authority.sign('portico.example.com')

  t.is(await ask(t, partner.url, { ca, certificate, key }), 'answered')
  const without = await openHttp(t, partner.url, operations, { settings: { tls: { ca } } })
  await t.throwsAsync(without.call({ operation: 'get' }))
  t.deepEqual(partner.asked, ['portico.example.com'])
})

test('files that are not there, or do not belong together, end the start', async (t) => {
  const authority = new Authority(folderOf(t), 'wrong')
  const [one, two] = [authority.sign('one.example.com'), authority.sign('two.example.com')]
  const wrong = [
    { ca: `${authority.ca}.missing` }, { certificate: one.certificate }, { key: one.key }, { certificate: one.certificate, key: two.key }, { certificate: one.key, key: one.key },
    { pins: ['sha256/short'] }, { pins: ['x'] },
  ]
  for (const tls of wrong) await t.throwsAsync(openHttp(t, 'https://127.0.0.1:1', operations, { settings: { tls } }), { code: 'PLUGIN_START_FAILED' }, JSON.stringify(tls))
})
