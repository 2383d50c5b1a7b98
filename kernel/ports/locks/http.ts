import type { JsonSchema } from '../../json.ts'
import type { Operation } from '../definition.ts'
import type { LocksOperations } from './operations.ts'

const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema => ({ type: 'object', properties, required, additionalProperties: false })
const name: JsonSchema = { type: 'string', minLength: 1, maxLength: 255, description: 'At most 255 bytes of UTF-8; does not start with `_`.' }
const token: JsonSchema = { type: 'string', minLength: 1, maxLength: 200 }
const ttlMs: JsonSchema = { type: 'integer', minimum: 100, maximum: 3_600_000 }
const waitMs: JsonSchema = { type: 'integer', minimum: 0, maximum: 60_000 }
const requestId: JsonSchema = { type: 'string', minLength: 16, maxLength: 255, description: 'Nobody guesses it, and each request has its own: a UUID. A repeat with it answers the same grant.' }
const held = { fencingToken: { type: 'integer', minimum: 1 }, expiresInMs: { type: 'integer', minimum: 0 } }

/** The operations as data: what wrapper, routes, OpenAPI and clients are made from. */
export const locksOperations: { readonly [O in keyof LocksOperations]: Operation<never> } = {
  acquire: {
    summary: 'Take a lock, waiting for it if asked to',
    effect: 'write', idempotent: { when: 'requestId' }, waits: 'waitMs',
    input: object({ name, ttlMs, waitMs, requestId }, ['name', 'ttlMs']),
    output: object({ token, ...held }, ['token', 'fencingToken', 'expiresInMs']),
    http: { method: 'POST', path: '/:name', status: 200 },
  },
  renew: {
    summary: 'Keep a lock longer',
    effect: 'write', idempotent: true,
    input: object({ name, token, ttlMs }, ['name', 'token', 'ttlMs']),
    output: object(held, ['fencingToken', 'expiresInMs']),
    http: { method: 'POST', path: '/:name/_renew', status: 200 },
  },
  release: {
    summary: 'Give a lock back',
    effect: 'write', idempotent: true,
    input: object({ name, token }, ['name', 'token']),
    output: object({ released: { const: true } }, ['released']),
    http: { method: 'POST', path: '/:name/_release', status: 200 },
  },
}
