import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  baseUrl: { doc: "The partner's address, with the path that all operations stand below; http or https, without query, user or password.", format: 'url' },
  headers: { doc: 'Headers that go with every call, such as the authorization the partner asks for.', format: 'map', sensitive: true, default: {} },
  idempotencyHeader: { doc: 'The header that carries the idempotency key of a call.', format: 'string', default: 'Idempotency-Key' },
  timeout: { doc: 'How long one call may take, from the connection to the end of the answer.', format: 'duration', default: '10s', min: 10, max: 600_000 },
  maxAnswer: { doc: 'The largest answer that is read.', format: 'bytes', default: '1MiB', min: 1, max: 67_108_864 },
  allowPrivate: { doc: 'Hosts (`db.cluster.local`) and networks (`10.0.0.0/8`) that a name may resolve to although they are private; an address or `localhost` in baseUrl is allowed as it is written.', format: 'list', default: [] },
  redirects: { doc: 'How many redirects of one call are followed: within the origin of baseUrl, and to allowHosts.', format: 'integer', default: 0, min: 0, max: 10 },
  allowHosts: { doc: 'Other hosts (`files.example.com`, `files.example.com:8443`) that a redirect may lead to, over https; nothing secret is sent there.', format: 'list', default: [] },
  tls: {
    ca: { doc: 'A PEM file of the authorities to trust, in place of the usual ones.', format: 'path', default: null },
    certificate: { doc: 'A PEM file with the certificate that this program shows to the host of baseUrl.', format: 'path', default: null },
    key: { doc: 'A PEM file with the key of that certificate.', format: 'path', default: null },
    serverName: { doc: 'The name that the certificate of the host of baseUrl must have, when that is another than the host.', format: 'string', default: null },
    pins: { doc: 'SHA-256 of the public keys (SPKI, in base64: `sha256/…`) of which the host of baseUrl must have one, beside a good certificate.', format: 'list', default: [] },
    minVersion: { doc: 'The oldest version of TLS that is spoken.', format: ['TLSv1.2', 'TLSv1.3'], default: 'TLSv1.2' },
  },
  keys: { doc: 'Keys by name, for signing, verify, encryption and decryption: PEM, a JWK in JSON, or for HMAC and secret keys base64 (`whsec_` may stand before it).', format: 'map', sensitive: true, default: {} },
  signing: {
    key: { doc: 'The name of the key that requests are signed with; they are not unless it is set.', format: 'string', default: null },
    scheme: { doc: 'HTTP Message Signatures (RFC 9421), or Standard Webhooks.', format: ['http-signature', 'standard-webhooks'], default: 'http-signature' },
    algorithm: { doc: 'Of HTTP Message Signatures; Standard Webhooks are HMAC.', format: ['ed25519', 'hmac-sha256'], default: 'ed25519' },
    keyId: { doc: 'What the signature calls the key; its name here unless set.', format: 'string', default: null },
  },
  verify: {
    key: { doc: 'The name of the key that answers must be signed with; they need not be unless it is set.', format: 'string', default: null },
    scheme: { doc: 'HTTP Message Signatures (RFC 9421), or Standard Webhooks.', format: ['http-signature', 'standard-webhooks'], default: 'http-signature' },
    algorithm: { doc: 'Of HTTP Message Signatures; Standard Webhooks are HMAC.', format: ['ed25519', 'hmac-sha256'], default: 'ed25519' },
    keyId: { doc: 'What a signature must call the key, when it calls it anything; any name unless set.', format: 'string', default: null },
    covers: { doc: 'What an HTTP Message Signature must cover beside the body: `@status`, `@method;req`, `@target-uri;req`, or a header.', format: 'list', default: ['@status'] },
    tolerance: { doc: 'How far the time of a signature may be from now.', format: 'duration', default: '5m', min: 1_000, max: 86_400_000 },
  },
  encryption: {
    key: { doc: 'The name of the key of the partner that bodies are encrypted to, as compact JWE; they are not unless it is set.', format: 'string', default: null },
    algorithm: { doc: 'How the content key is agreed on.', format: ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW', 'A256KW', 'dir'], default: 'RSA-OAEP-256' },
    content: { doc: 'How the content is encrypted.', format: ['A256GCM', 'A128GCM', 'A256CBC-HS512'], default: 'A256GCM' },
    keyId: { doc: 'What the JWE calls the key; its name here unless set.', format: 'string', default: null },
  },
  decryption: {
    key: { doc: 'The name of our own key, to which a partner encrypts answers (application/jose).', format: 'string', default: null },
    algorithm: { doc: 'The only way of agreeing on the content key that is taken.', format: ['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A256KW', 'A256KW', 'dir'], default: 'RSA-OAEP-256' },
    content: { doc: 'The only encryption of the content that is taken.', format: ['A256GCM', 'A128GCM', 'A256CBC-HS512'], default: 'A256GCM' },
    required: { doc: 'An answer with a body that is not encrypted is refused.', format: 'boolean', default: false },
  },
  record: {
    file: { doc: 'A file that exchanges are written to, one line of JSON each, for the driver `replay`; none are unless it is set. It holds what the partner is told and answers.', format: 'path', default: null },
    mask: { doc: "JSON pointers of what is masked in it: below `/input`, or below `/output`, the answer's JSON; `*` stands for every member and element.", format: 'list', default: [] },
    maxSize: { doc: 'At this size of the file recording ends.', format: 'bytes', default: '16MiB', min: 1_024, max: 1_073_741_824 },
  },
  probe: {
    path: { doc: 'A path below baseUrl that is asked by GET from time to time, to know how the partner is; none is unless it is set.', format: 'string', default: null },
    every: { doc: 'How long after one look the next one is, a tenth more or less.', format: 'duration', default: '30s', min: 1_000, max: 3_600_000 },
    timeout: { doc: 'How long one look may take.', format: 'duration', default: '5s', min: 10, max: 60_000 },
    expect: { doc: 'The status that says that the partner is well; every 2xx unless set.', format: 'integer', default: null, min: 200, max: 599 },
  },
  maxConnections: { doc: 'How many connections to the partner are open at most; more calls wait for one within their time.', format: 'integer', default: 50, min: 1, max: 1_000 },
})
