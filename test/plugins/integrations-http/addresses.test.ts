import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { PartnerFailure } from '../../../kernel/ports/integrations/index.ts'
import { Authority } from '../../services/certificates.ts'
import { call, directly, get } from './direct.ts'
import { echo, openHttp, startPartner } from './partner.ts'
import { folderOf } from './tls-partner.ts'

const here = async () => [{ address: '127.0.0.1', family: 4 }]

test('a name that stands for a private address is not called, unless its host or network is allowed', async (t) => {
  let asked = 0
  const { url } = await startPartner(t, (request, response) => { asked += 1; echo(request, response) })
  const named = `http://pay.example.com:${new URL(url).port}`

  for (const allowPrivate of [[], ['other.example.com'], ['10.0.0.0/8']]) {
    const error = await t.throwsAsync(directly(t, named, here, { allowPrivate }).send(get, call), { instanceOf: PartnerFailure })
    t.like(error.no, { why: 'unreachable', reached: false })
  }
  t.is(asked, 0)
  for (const allowPrivate of [['pay.example.com'], ['127.0.0.0/8']]) t.like(await directly(t, named, here, { allowPrivate }).send(get, call), { answer: { status: 200 } })
})

test('one private address among those of a name refuses it', async (t) => {
  const mixed = async () => [{ address: '8.8.8.8', family: 4 }, { address: '::ffff:7f00:1', family: 6 }]
  const error = await t.throwsAsync(directly(t, 'http://pay.example.com:1', mixed).send(get, call), { instanceOf: PartnerFailure })
  t.regex(error.no.reason, /private address/)
})

test('a name that changes between check and connect leads nowhere: each connection has one look, and goes where it said', async (t) => {
  let [asked, looks] = [0, 0]
  const { url } = await startPartner(t, (_, response) => { asked += 1; response.end() })
  const named = `http://rebinding.example:${new URL(url).port}`
  // Public at the first look, this machine ever after.
  const rebinding = async () => [{ address: looks++ === 0 ? '192.0.0.1' : '127.0.0.1', family: 4 }]
  const partner = directly(t, named, rebinding, { timeoutMs: 2_000, allowPrivate: ['192.0.0.1'] })

  await t.throwsAsync(partner.send(get, call), { instanceOf: PartnerFailure })
  const second = await t.throwsAsync(partner.send(get, call), { instanceOf: PartnerFailure })

  t.regex(second.no.reason, /private address/)
  t.deepEqual([asked, looks], [0, 2])
})

test('localhost and an address in baseUrl are meant as they are written', async (t) => {
  const { url } = await startPartner(t, echo)
  for (const host of ['127.0.0.1', 'localhost']) {
    const partner = await openHttp(t, `http://${host}:${new URL(url).port}`, { get: { method: 'GET', path: '/' } })
    await t.notThrowsAsync(partner.call({ operation: 'get' }))
  }
})

test('another host that a redirect is allowed to is looked up and judged anew, and is shown nothing secret', async (t) => {
  const authority = new Authority(folderOf(t), 'files')
  const { certificate, key } = authority.sign('files.example.com')
  const seen: (string | undefined)[][] = []
  const files = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    seen.push([request.method, request.headers.authorization, String(request.headers['idempotency-key']), request.headers.host])
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"from":"files"}')
  })
  files.listen(0, '127.0.0.1')
  await once(files, 'listening')
  t.teardown(() => { files.closeAllConnections(); files.close() })
  const host = `files.example.com:${(files.address() as AddressInfo).port}`
  const { url } = await startPartner(t, (request, response) => { request.resume(); response.writeHead(307, { location: `https://${host}/x` }).end() })
  const tls = { ca: authority.ca, certificate: undefined, key: undefined, serverName: undefined, pins: [], minVersion: 'TLSv1.2' } as const
  const settings = { redirects: 1, allowHosts: [host], headers: { authorization: 'secret' }, tls }
  const post = { ...get, http: { method: 'POST', path: '/', body: '{}' }, idempotencyKey: 'k' } as const

  const refused = await t.throwsAsync(directly(t, url, here, settings).send(post, call), { instanceOf: PartnerFailure })
  t.like(refused.no, { why: 'unreachable', reached: true })
  t.deepEqual(seen, [])

  t.like(await directly(t, url, here, { ...settings, allowPrivate: ['files.example.com'] }).send(post, call), { answer: { status: 200, text: '{"from":"files"}' } })
  t.deepEqual(seen, [['POST', undefined, 'k', host]])
})

test('hosts and networks that are none end the start', async (t) => {
  const wrong = [{ allowPrivate: ['10.0.0.0/40'] }, { allowPrivate: ['http://x'] }, { allowHosts: ['https://x'] }, { allowHosts: ['a b'] }, { allowHosts: ['u@x'] }, { allowHosts: ['x:99999'] }, { allowHosts: [''] }]
  for (const settings of wrong) await t.throwsAsync(openHttp(t, 'http://127.0.0.1:1', {}, { settings }), { code: 'PLUGIN_START_FAILED' }, JSON.stringify(settings))
})
