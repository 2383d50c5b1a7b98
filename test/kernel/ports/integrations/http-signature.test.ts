import { generateKeyPairSync, randomBytes } from 'node:crypto'
import test from 'ava'
import { contentDigest, isDigestOf } from '../../../../kernel/ports/integrations/signatures/content-digest.ts'
import { signedHeaders, signMessage, verifyMessage, type VerifyWith } from '../../../../kernel/ports/integrations/signatures/http-signature.ts'
import { readSignatureKey } from '../../../../kernel/ports/integrations/signatures/keys.ts'
import type { AnswerMessage, RequestMessage } from '../../../../kernel/ports/integrations/signatures/message.ts'

/** RFC 9421, B.1.4, B.1.5 and B.2. */
const publicPem = '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n'
const privatePem = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n'
const sharedSecret = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=='
const createdMs = 1_618_884_473_000
const body = Buffer.from('{"hello": "world"}')
const request: RequestMessage = {
  method: 'POST',
  url: new URL('https://example.com/foo?param=Value&Pet=dog'),
  headers: {
    'date': 'Tue, 20 Apr 2021 02:07:55 GMT', 'content-type': 'application/json', 'content-length': '18',
    'content-digest': 'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
  },
}

const vectors = [
  { of: 'B.2.5, HMAC-SHA-256', label: 'sig-b25', components: ['date', '@authority', 'content-type'], signature: 'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=', sign: () => readSignatureKey(sharedSecret, 'hmac-sha256', 'sign', 'test-shared-secret'), verify: () => readSignatureKey(sharedSecret, 'hmac-sha256', 'verify', 'test-shared-secret') },
  { of: 'B.2.6, Ed25519', label: 'sig-b26', components: ['date', '@method', '@path', '@authority', 'content-type', 'content-length'], signature: 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==', sign: () => readSignatureKey(privatePem, 'ed25519', 'sign', 'test-key-ed25519'), verify: () => readSignatureKey(publicPem, 'ed25519', 'verify', 'test-key-ed25519') },
]
for (const { of, label, components, signature, sign, verify } of vectors) {
  test(`RFC 9421, ${of}: the signature is made and verified as it stands there`, (t) => {
    const signed = signMessage(request, { key: sign(), components, createdMs, label })

    t.is(signed.signature, `${label}=:${signature}:`)
    t.is(signed['signature-input'], `${label}=(${components.map((name) => `"${name}"`).join(' ')});created=1618884473;keyid="${label === 'sig-b25' ? 'test-shared-secret' : 'test-key-ed25519'}"`)
    const verified = verifyMessage({ ...request, headers: { ...request.headers, ...signed } }, Buffer.alloc(0), { keys: [verify()], nowMs: createdMs, toleranceMs: 1_000, required: ['@authority'] })
    t.like(verified, { createdMs })
  })
}

test('the digest of RFC 9530 is that of the bytes, by every algorithm that it names and that is known', (t) => {
  t.true(isDigestOf(String(request.headers['content-digest']), body))
  t.true(isDigestOf(`${String(request.headers['content-digest'])}, ${contentDigest(body)}`, body))
  t.true(isDigestOf(`md5=:AAAA:, ${contentDigest(body)}`, body))
  for (const wrong of [`${String(request.headers['content-digest'])}, ${contentDigest('other')}`, contentDigest('other'), 'md5=:AAAA:', '', 'sha-256=::', 'sha-256=x', 'sha-256=:AAAA:, sha-256=:AAAA:']) t.false(isDigestOf(wrong, body), wrong)
})

const secret = randomBytes(32).toString('base64')
const hmacKey = readSignatureKey(secret, 'hmac-sha256', 'sign', 'k1')
const how: VerifyWith = { keys: [hmacKey], nowMs: createdMs, toleranceMs: 300_000, required: ['@status'] }
const answer: AnswerMessage = { status: 200, headers: { 'content-type': 'application/json' }, request }

function signedAnswer(components = ['@status', 'content-digest', 'content-type'], at = createdMs): AnswerMessage {
  const headers = signedHeaders(answer, body.toString(), { key: hmacKey, components, createdMs: at, nonce: 'n1' })
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

test('a signed answer is good, and tells when and by which key it was signed', (t) => {
  t.deepEqual(verifyMessage(signedAnswer(), body, how), { createdMs, keyId: 'k1', nonce: 'n1' })
})

test('whatever is changed in a signed answer makes it a bad one', (t) => {
  const good = signedAnswer()
  const other = readSignatureKey(randomBytes(32).toString('base64'), 'hmac-sha256', 'verify', 'k1')
  const { publicKey } = generateKeyPairSync('ed25519')
  const ed25519 = readSignatureKey(publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'ed25519', 'verify', 'k1')
  const input = String(good.headers['signature-input'])
  const withInput = (text: string): AnswerMessage => ({ ...good, headers: { ...good.headers, 'signature-input': text } })
  const cases: readonly [string, AnswerMessage, Buffer, Partial<VerifyWith>][] = [
    ['body', good, Buffer.from('{"hello": "world!"}'), {}],
    ['status', { ...good, status: 201 }, body, {}],
    ['header', { ...good, headers: { ...good.headers, 'content-type': 'text/plain' } }, body, {}],
    ['a header that is gone', { ...good, headers: { ...good.headers, 'content-type': undefined } }, body, {}],
    ['digest of another body', { ...good, headers: { ...good.headers, 'content-digest': contentDigest('x') } }, Buffer.from('x'), {}],
    ['key', good, body, { keys: [other] }],
    ['algorithm', good, body, { keys: [ed25519] }],
    ['no keys', good, body, { keys: [] }],
    ['key id', good, body, { keys: [readSignatureKey(secret, 'hmac-sha256', 'verify', 'k2')] }],
    ['too late', good, body, { nowMs: createdMs + 300_001 }],
    ['too early', good, body, { nowMs: createdMs - 300_001 }],
    ['status not covered', signedAnswer(['content-digest']), body, {}],
    ['digest not covered', signedAnswer(['@status']), body, {}],
    ['request not covered', good, body, { required: ['@status', '@method;req'] }],
    ['no signature', answer, body, {}],
    ['input alone', { ...answer, headers: { 'signature-input': input } }, body, {}],
    ['created changed', withInput(input.replace(/created=\d+/, `created=${createdMs / 1_000 + 1}`)), body, {}],
    ['no created', withInput(input.replace(/;created=\d+/, '')), body, {}],
    ['expired', withInput(`${input};expires=1`), body, {}],
    ['another alg', withInput(`${input};alg="ed25519"`), body, {}],
    ['a component twice', withInput(input.replace('"@status"', '"@status" "@status"')), body, {}],
    ['an unknown component', withInput(input.replace('"@status"', '"@status" "@made-up"')), body, {}],
    ['another parameter', withInput(input.replace('"@status"', '"@status" "content-type";bs')), body, {}],
    ['a label twice', withInput(`${input}, ${input}`), body, {}],
    ['another label', withInput(input.replace('sig1', 'sig2')), body, {}],
  ]
  for (const [what, message, bytes, more] of cases) t.true('bad' in verifyMessage(message, bytes, { ...how, ...more }), what)
})

test('an answer may cover the request that it answers', (t) => {
  const input = 'sig1=("@status" "@method";req "@target-uri";req);created=1618884473'
  const covers = { ...answer, headers: { 'signature-input': input, 'signature': 'sig1=:AAAA:' } }
  const required = ['@status', '@method;req', '@target-uri;req']
  // Everything that is required is there: only the signature itself is wrong.
  t.like(verifyMessage(covers, Buffer.alloc(0), { ...how, required }), { bad: 'has a signature that is not the partner\'s' })
  t.like(verifyMessage({ status: 200, headers: covers.headers }, Buffer.alloc(0), { ...how, required }), { bad: 'has a signature over something that is not there' })
})

test('text that is no signature, or a bomb of one, is refused at once', (t) => {
  const bombs = [
    'x', 'sig1', 'sig1=', 'sig1=(', 'sig1=()', 'sig1=("a"', 'sig1=("a)', 'sig1=("a""b")', 'sig1=("a" "b"),', 'sig1=("a";;)', 'sig1=(a)', 'SIG=("a")', '=("a")', 'sig1=("a");created=1.5', 'sig1=("a");created=99999999999999999999',
    `sig1=(${'"a" '.repeat(100)})`, 'sig1=("a")'.padEnd(9_000, ';a'), Array.from({ length: 20 }, (_, index) => `s${index}=("a")`).join(', '), '('.repeat(7_000), `sig1=("${'\\"'.repeat(3_000)}`, ' '.repeat(7_900),
  ]
  const startedMs = performance.now()
  for (const bomb of bombs) {
    for (const headers of [{ 'signature-input': bomb, 'signature': 'sig1=:AAAA:' }, { 'signature-input': 'sig1=("@status");created=1618884473', 'signature': bomb }]) {
      t.true('bad' in verifyMessage({ status: 200, headers }, Buffer.alloc(0), how), bomb.slice(0, 40))
    }
  }
  t.true(performance.now() - startedMs < 2_000)
})

test('keys are told apart, and one that is none is refused without being shown', (t) => {
  t.is(readSignatureKey(`whsec_${secret}`, 'hmac-sha256', 'sign').key.export().toString('base64'), secret)
  t.notThrows(() => readSignatureKey(privatePem, 'ed25519', 'verify'))
  const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const wrong: readonly [string, 'ed25519' | 'hmac-sha256', 'sign' | 'verify'][] = [
    ['c2hvcnQ=', 'hmac-sha256', 'sign'], ['not base64 at all, and long enough to be one', 'hmac-sha256', 'sign'], [publicPem, 'hmac-sha256', 'sign'], [publicPem, 'ed25519', 'sign'], [secret, 'ed25519', 'verify'],
    [rsa.export({ type: 'spki', format: 'pem' }).toString(), 'ed25519', 'verify'], ['{"kty":"OKP"}', 'ed25519', 'verify'], ['{', 'ed25519', 'sign'],
  ]
  for (const [text, algorithm, to] of wrong) {
    const error = t.throws(() => readSignatureKey(text, algorithm, to))
    t.false(error.message.includes(text.slice(0, 20)))
  }
})
