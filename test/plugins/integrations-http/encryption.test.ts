import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import type { RequestListener } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { bodyOf, openHttp, startPartner } from './partner.ts'

const operations = { post: { method: 'POST', path: '/a' } }
const pem = (key: KeyObject) => key.export(key.type === 'private' ? { type: 'pkcs8', format: 'pem' } : { type: 'spki', format: 'pem' }).toString()
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const secret = randomBytes(32)

const kinds: readonly [string, string, string, string, KeyObject | Uint8Array][] = [
  ['RSA-OAEP-256', 'A256GCM', pem(rsa.publicKey), pem(rsa.privateKey), rsa.privateKey],
  ['ECDH-ES+A256KW', 'A256CBC-HS512', JSON.stringify(ec.publicKey.export({ format: 'jwk' })), pem(ec.privateKey), ec.privateKey],
  ['A256KW', 'A128GCM', secret.toString('base64'), secret.toString('base64'), secret],
  ['dir', 'A256GCM', secret.toString('base64'), secret.toString('base64'), secret],
]

const seal = (text: string, alg: string, enc: string, key: KeyObject | Uint8Array) => new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader({ alg, enc }).encrypt(key)

for (const [algorithm, content, theirs, own, opens] of kinds) {
  test(`by ${algorithm} and ${content} the body is read by the partner alone, and its answer by us`, async (t) => {
    const seen: unknown[] = []
    const { url } = await startPartner(t, (request, response) => {
      void bodyOf(request).then(async (text) => {
        const { plaintext } = await compactDecrypt(text, opens)
        seen.push(request.headers['content-type'], decodeProtectedHeader(text), JSON.parse(new TextDecoder().decode(plaintext)))
        const back = algorithm === 'RSA-OAEP-256' ? rsa.publicKey : algorithm.startsWith('ECDH') ? ec.publicKey : secret
        response.writeHead(200, { 'content-type': 'application/jose' }).end(await seal('{"ok":true}', algorithm, content, back))
      })
    })
    const settings = { keys: { theirs, own }, encryption: { key: 'theirs', algorithm, content }, decryption: { key: 'own', algorithm, content, required: true } }
    const partner = await openHttp(t, url, operations, { settings })

    const { output } = await partner.call({ operation: 'post', input: { card: '4242' } })

    t.deepEqual(output, { ok: true })
    t.like(seen, ['application/jose', { alg: algorithm, enc: content, kid: 'theirs' }, { card: '4242' }])
  })
}

async function outcome(t: ExecutionContext, answer: RequestListener, required = true): Promise<string> {
  const { url } = await startPartner(t, answer)
  const partner = await openHttp(t, url, operations, { settings: { keys: { own: secret.toString('base64') }, decryption: { key: 'own', algorithm: 'A256KW', content: 'A256GCM', required } } })
  return partner.call({ operation: 'post' }).then(({ output }) => JSON.stringify(output), (error: unknown) => (error as { code: string }).code)
}

const told = (text: string, type = 'application/jose'): RequestListener => (request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': type }).end(text)
}

test('an answer is decrypted by the declared algorithms and key alone', async (t) => {
  const good = await seal('{"ok":true}', 'A256KW', 'A256GCM', secret)
  t.is(await outcome(t, told(good)), '{"ok":true}')
  t.is(await outcome(t, told('{"ok":true}', 'application/json'), false), '{"ok":true}')

  const bad = [
    await seal('{}', 'A256KW', 'A256GCM', randomBytes(32)), await seal('{}', 'A256KW', 'A128GCM', secret), await seal('{}', 'dir', 'A256GCM', secret),
    `${good.slice(0, -4)}AAAA`, good.split('.').slice(0, 3).join('.'), 'x', await seal('no JSON', 'A256KW', 'A256GCM', secret),
  ]
  for (const text of bad) t.is(await outcome(t, told(text)), 'INTEGRATION_BAD_ANSWER', text.slice(0, 60))
  t.is(await outcome(t, told('{}', 'application/json')), 'INTEGRATION_BAD_ANSWER')
})
