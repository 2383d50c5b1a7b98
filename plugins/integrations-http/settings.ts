import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  baseUrl: { doc: "The partner's address, with the path that all operations stand below; http or https, without query, user or password.", format: 'url' },
  headers: { doc: 'Headers that go with every call, such as the authorization the partner asks for.', format: 'map', sensitive: true, default: {} },
  idempotencyHeader: { doc: 'The header that carries the idempotency key of a call.', format: 'string', default: 'Idempotency-Key' },
  timeout: { doc: 'How long one call may take, from the connection to the end of the answer.', format: 'duration', default: '10s', min: 10, max: 600_000 },
  maxAnswer: { doc: 'The largest answer that is read.', format: 'bytes', default: '1MiB', min: 1, max: 67_108_864 },
  maxConnections: { doc: 'How many connections to the partner are open at most; more calls wait for one within their time.', format: 'integer', default: 50, min: 1, max: 1_000 },
})
