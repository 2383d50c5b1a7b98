import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import test from 'ava'
import { signedHeaders, verifyMessage, type Verified } from '../../../kernel/ports/integrations/signatures/http-signature.ts'
import { readSecret, readSignatureKey, type SignatureKey } from '../../../kernel/ports/integrations/signatures/keys.ts'
import type { AnswerMessage } from '../../../kernel/ports/integrations/signatures/message.ts'
import { verifyWebhook, webhookHeaders } from '../../../kernel/ports/integrations/signatures/webhooks.ts'
import { bodyOf, echo, openHttp, startPartner } from './partner.ts'

const operations = { post: { method: 'POST', path: '/a/{id}', idempotencyKey: true }, get: { method: 'GET', path: '/a' } }

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const ours = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const ourPublic = readSignatureKey(publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'ed25519', 'verify', 'payments')
const secret = `whsec_${randomBytes(32).toString('base64')}`
const hmac = readSignatureKey(secret, 'hmac-sha256', 'sign', 'theirs')

function verified(request: IncomingMessage, body: string, key: SignatureKey, required: readonly string[]): Verified {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? ''}`)
  return verifyMessage({ method: request.method ?? '', url, headers: request.headers }, Buffer.from(body), { keys: [key], nowMs: Date.now(), toleranceMs: 60_000, required })
}

test('requests are signed over method, address, body and idempotency key, each with a nonce of its own', async (t) => {
  const seen: Verified[] = []
  const { url } = await startPartner(t, (request, response) => {
    void bodyOf(request).then((body) => {
      const required = request.method === 'POST' ? ['@method', '@target-uri', 'content-digest', 'content-type', 'idempotency-key'] : ['@method', '@target-uri']
      seen.push(verified(request, body, ourPublic, required))
      response.end()
    })
  })
  const partner = await openHttp(t, url, operations, { settings: { keys: { payments: ours }, signing: { key: 'payments' } } })

  await partner.call({ operation: 'post', input: { id: 'é', amount: 5 } })
  await partner.call({ operation: 'get', input: { q: 'x y' } })

  t.true(seen.every((one) => 'createdMs' in one && one.keyId === 'payments'), JSON.stringify(seen))
  t.is(new Set(seen.map((one) => ('nonce' in one ? one.nonce : undefined))).size, 2)
})

test('requests are signed as Standard Webhooks, by the idempotency key', async (t) => {
  const seen: object[] = []
  const { url } = await startPartner(t, (request, response) => {
    void bodyOf(request).then((body) => {
      seen.push(verifyWebhook(request.headers, Buffer.from(body), { keys: [readSecret(secret)], nowMs: Date.now(), toleranceMs: 60_000 }))
      response.end()
    })
  })
  const partner = await openHttp(t, url, operations, { settings: { keys: { k: secret }, signing: { key: 'k', scheme: 'standard-webhooks' } } })

  await partner.call({ operation: 'post', input: { id: 1 }, idempotencyKey: 'order-7' })
  await partner.call({ operation: 'get' })

  t.like(seen[0], { id: 'order-7' })
  t.true(seen.every((one) => 'createdMs' in one), JSON.stringify(seen))
})

interface Told { readonly status?: number; readonly text: string; readonly sign?: (answer: AnswerMessage, body: string) => Readonly<Record<string, string>> }

function answering({ status = 200, text, sign }: Told): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    request.resume()
    const headers = { 'content-type': 'application/json' }
    response.writeHead(status, { ...headers, ...sign?.({ status, headers }, text) }).end(text)
  }
}

const components = ['@status', 'content-digest', 'content-type']
const properly = (answer: AnswerMessage, body: string) => signedHeaders(answer, body, { key: hmac, components, createdMs: Date.now() })
const stranger = readSignatureKey(randomBytes(32).toString('base64'), 'hmac-sha256', 'sign', 'theirs')

const answers: readonly [string, Told, string | undefined][] = [
  ['signed', { text: '{"n":1}', sign: properly }, undefined],
  ['not signed', { text: '{"n":1}' }, 'INTEGRATION_BAD_ANSWER'],
  ['signed by a stranger', { text: '{"n":1}', sign: (answer, body) => signedHeaders(answer, body, { key: stranger, components, createdMs: Date.now() }) }, 'INTEGRATION_BAD_ANSWER'],
  ['signed before it was changed', { text: '{"n":1}', sign: (answer) => properly(answer, '{"n":2}') }, 'INTEGRATION_BAD_ANSWER'],
  ['signed with another status', { status: 201, text: '{"n":1}', sign: (answer, body) => properly({ ...answer, status: 200 }, body) }, 'INTEGRATION_BAD_ANSWER'],
  ['signed yesterday', { text: '{"n":1}', sign: (answer, body) => signedHeaders(answer, body, { key: hmac, components, createdMs: Date.now() - 86_400_000 }) }, 'INTEGRATION_BAD_ANSWER'],
  ['signed without its body', { text: '{"n":1}', sign: (answer, body) => signedHeaders(answer, body, { key: hmac, components: ['@status'], createdMs: Date.now() }) }, 'INTEGRATION_BAD_ANSWER'],
  ['a signed refusal', { status: 402, text: '{"n":1}', sign: properly }, 'INTEGRATION_PARTNER_REFUSED'],
  ['a refusal that is not signed', { status: 402, text: '{"n":1}' }, 'INTEGRATION_BAD_ANSWER'],
  ['a failure that is not signed, as that of a proxy', { status: 502, text: '<html>' }, 'INTEGRATION_PARTNER_FAILED'],
]
for (const [what, told, code] of answers) {
  test(`where answers must be signed, one is ${code ?? 'taken'}: ${what}`, async (t) => {
    const { url } = await startPartner(t, answering(told))
    const partner = await openHttp(t, url, operations, { settings: { keys: { theirs: secret }, verify: { key: 'theirs', algorithm: 'hmac-sha256', keyId: 'theirs' } } })

    if (code === undefined) t.deepEqual((await partner.call({ operation: 'get' })).output, { n: 1 })
    else await t.throwsAsync(partner.call({ operation: 'get' }), { code })
  })
}

test('answers that are signed as Standard Webhooks are verified as such', async (t) => {
  const sign = (_: AnswerMessage, body: string) => webhookHeaders('m1', Date.now(), body, [readSecret(secret)])
  const settings = { keys: { theirs: secret }, verify: { key: 'theirs', scheme: 'standard-webhooks' } }
  const good = await startPartner(t, answering({ text: '{"n":1}', sign }))
  const bad = await startPartner(t, answering({ text: '{"n":1}', sign: (answer) => sign(answer, '{"n":2}') }))

  t.deepEqual((await (await openHttp(t, good.url, operations, { settings })).call({ operation: 'get' })).output, { n: 1 })
  await t.throwsAsync((await openHttp(t, bad.url, operations, { settings })).call({ operation: 'get' }), { code: 'INTEGRATION_BAD_ANSWER' })
})

test('keys that are missing or do not fit end the start, and are not shown', async (t) => {
  const wrong = [
    { signing: { key: 'none' } }, { keys: { k: secret }, signing: { key: 'k' } }, { keys: { k: 'c2hvcnQ=' }, signing: { key: 'k', algorithm: 'hmac-sha256' } }, { verify: { key: 'none' } }, { keys: { k: secret }, verify: { key: 'k' } },
    { encryption: { key: 'none' } }, { keys: { k: secret }, encryption: { key: 'k' } }, { keys: { k: ours }, encryption: { key: 'k' } }, { decryption: { key: 'none' } }, { decryption: { required: true } },
  ]
  for (const settings of wrong) {
    const error = await t.throwsAsync(openHttp(t, 'http://127.0.0.1:1', operations, { settings }), { code: 'PLUGIN_START_FAILED' }, JSON.stringify(settings))
    t.false(error.message.includes(secret) || error.message.includes('PRIVATE'))
  }
})

test('a redirect within the origin is signed anew, for its own address', async (t) => {
  const { url } = await startPartner(t, (request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end()
    else echo(request, response)
  })
  const partner = await openHttp(t, url, operations, { settings: { redirects: 1, keys: { payments: ours }, signing: { key: 'payments' } } })

  const { headers } = (await partner.call({ operation: 'get' })).output as { headers: Record<string, string> }

  const at = { method: 'GET', url: new URL('/b', url), headers }
  t.like(verifyMessage(at, Buffer.alloc(0), { keys: [ourPublic], nowMs: Date.now(), toleranceMs: 60_000, required: ['@target-uri'] }), { keyId: 'payments' })
})
