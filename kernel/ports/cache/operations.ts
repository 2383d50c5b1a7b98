import type { Call } from '../../call.ts'
import type { JsonSchema } from '../../json.ts'
import type { Operation } from '../definition.ts'
import type { CacheValue } from './driver.ts'
import type { Encoding } from './encoding.ts'
import { maxKeys, maxTags } from './keys.ts'
import type { LoadContext, LoadManyContext, RememberManyOptions, RememberOptions } from './remember-options.ts'

/** A cached value. */
export interface CacheHit {
  /** JSON is deeply frozen, bytes are a copy for who reads them: what is cached cannot be changed by them. */
  readonly value: CacheValue
  /** `base64` over HTTP, and for `text: true`, when the value is bytes: `value` is their text then. */
  readonly encoding?: Encoding
  /** How long it stays fresh; 0 when it is stale, null when it has no end. */
  readonly ttlMs: number | null
  /** True in the `staleMs` and `graceMs` that `remember` adds to its time. */
  readonly stale: boolean
}

export interface SetInput {
  readonly key: string
  readonly value: CacheValue
  /** `base64` when `value` is the text of bytes, as JSON carries them. */
  readonly encoding?: Encoding
  readonly ttlMs?: number
  readonly tags?: readonly string[]
}

/** Exactly one of the three. */
export interface InvalidateInput {
  readonly tags?: readonly string[]
  readonly prefix?: string
  readonly all?: true
}

/**
 * What callers see of a cache. A key is 1 to 1,024 bytes of UTF-8, is not `.` or `..`, does not start with `_`.
 *
 * A cache never fails its caller: while the backend is down or slower than the key `timeout`, a read is a miss, a
 * write does nothing, and the answer is marked as degraded. Only input that breaks the rules is refused.
 * So a write is not a promise: an entry can be evicted at any time, and after an outage an old one can be there again.
 *
 * @throws INPUT_INVALID for a key, tag or value that breaks the rules.
 * @throws CACHE_UNSUPPORTED for tags that the driver cannot do.
 */
export interface CacheOperations {
  /** The value under the key, or null: never there, expired, evicted, or the backend is down. */
  get(input: { readonly key: string }, call: Call): Promise<CacheHit | null>
  /**
   * Up to 1,000 keys at once, answered in their order.
   * @throws CACHE_ANSWER_TOO_LARGE over HTTP, and for `text: true`, when the values are more than 8 MiB of JSON together.
   */
  getMany(input: { readonly keys: readonly string[] }, call: Call): Promise<{ readonly items: readonly (CacheHit | null)[] }>
  /**
   * Stores bytes or any JSON value, at most 30 levels deep. Without `ttlMs` it lives as long as the binding's key `ttl`, or without end.
   * `stored` is false, and the answer degraded, when the backend is down, or the value is larger than it takes or than the
   * key `maxValue` allows; an earlier value under the key is gone then.
   */
  set(input: SetInput, call: Call): Promise<{ readonly stored: boolean }>
  /** Removes one key; a key that is not there is no error. */
  delete(input: { readonly key: string }, call: Call): Promise<Record<never, never>>
  /** Removes all entries that carry one of the tags, all whose key begins with the prefix, or all of this binding. */
  invalidate(input: InvalidateInput, call: Call): Promise<Record<never, never>>
}

/** What a cache offers in process only. Here alone a key may begin with `_`, and is out of reach over HTTP then. */
export interface CacheInProcess {
  /**
   * The cached value, or what `load` gives, which is then cached. Callers of one key that miss at the same time share
   * one load and its outcome, in this process or, with `singleFlight: 'cluster'`, in all replicas: those that find the
   * load under way elsewhere wait for its value, and load for themselves when it ends without one or none comes in `holdMs`.
   * A load that fails is not cached, and is tried again by the next caller.
   *
   * For `staleMs` after its time a value is answered at once and renewed behind the answer; it stays until a load succeeds.
   * For `graceMs` after its time it is answered, degraded, when the load fails; from then on a caller gets the failure.
   * Both are asked of the caller who reads; `get` answers a value that is kept for either as stale.
   *
   * A load that gives null is cached like any other, or for `negativeMs`; undefined can be cached with `negativeMs` only,
   * and is answered as null.
   *
   * When the key is set, deleted or invalidated while its load runs, in any replica, the load's result goes to those who
   * already wait and is not cached. The answer is deeply frozen, or bytes of the caller's own; a value above the key
   * `maxValue` is neither cached nor copied, and answered as the load gave it.
   *
   * `timeoutMs` (30,000 unless set) is how long a caller waits; it also frees the key from a load that hangs. Loads
   * share a bound of 10,000 at one time; beyond it a caller loads for itself, and nothing is cached.
   * A load is told `signal`, which aborts when nobody waits for it any more.
   * @throws whatever `load` throws; nothing of the cache's own, unless the key or the options break the rules.
   * @throws CACHE_LOAD_INVALID when what `load` gave is neither JSON nor bytes.
   * @throws CACHE_LOAD_CIRCULAR in a load that asks for what waits for that very load.
   * @throws CALL_DEADLINE_EXCEEDED when the load takes longer than `timeoutMs`.
   * @throws CALL_ABORTED when `signal` aborts first.
   */
  remember<T>(key: string, load: (context: LoadContext) => T | Promise<T>, options?: RememberOptions): Promise<T>

  /**
   * The values of up to 1,000 keys in their order: the cached ones, and what `load` gives for all that are missing, in the
   * order that it was given them; undefined is not cached. Nobody shares a load, so an answer is never older than its call,
   * but for what the cache had. What is set, deleted or invalidated while it is loaded is not cached, as with `remember`;
   * of those who load a key at the same time, one caches it.
   * @throws whatever `load` throws; nothing of the cache's own, unless a key or the options break the rules.
   * @throws CACHE_LOAD_INVALID when what `load` gave is no list of as many values, or one of them neither JSON nor bytes.
   * @throws CALL_DEADLINE_EXCEEDED when the load takes longer than `timeoutMs`.
   * @throws CALL_ABORTED when `signal` aborts first.
   */
  rememberMany<T>(keys: readonly string[], load: (missing: readonly string[], context: LoadManyContext) => Promise<readonly (T | undefined)[]>, options?: RememberManyOptions): Promise<readonly (T | undefined)[]>

  /**
   * Removes keys, as `delete` does: what the backend could not be told is kept for it. No policy of the binding and none of its
   * limits are on the way, so that a change of what is cached elsewhere is never refused.
   */
  forget(keys: readonly string[]): Promise<void>
}

/** Ten years: beyond it a number is a mistake. */
export const maxTtlMs = 315_360_000_000

const key = { type: 'string', minLength: 1, maxLength: 1024, description: 'At most 1 KiB of UTF-8; does not start with `_`.' }
const tag = { type: 'string', minLength: 1, maxLength: 255, description: 'At most 255 bytes of UTF-8.' }
const encoding = { const: 'base64', description: 'The value is bytes, as base64.' }
const nothing = { type: 'object', additionalProperties: false }
const hit = {
  type: 'object', additionalProperties: false, required: ['value', 'ttlMs', 'stale'],
  properties: { value: {}, encoding, ttlMs: { type: ['integer', 'null'] }, stale: { type: 'boolean' } },
}
const hitOrNull = { anyOf: [hit, { type: 'null' }] }

function fields(properties: JsonSchema, required: readonly string[]): JsonSchema {
  return { type: 'object', additionalProperties: false, properties, required }
}

export const cacheOperations: { readonly [O in keyof CacheOperations]: Operation<'tags'> } = {
  get: {
    summary: 'Reads a value', effect: 'read', idempotent: true,
    input: fields({ key }, ['key']),
    output: hitOrNull,
    http: { method: 'GET', path: '/:key', status: 200, nullIs: 'CACHE_MISS' },
  },
  getMany: {
    summary: 'Reads up to 1,000 values', effect: 'read', idempotent: true,
    input: fields({ keys: { type: 'array', items: key, maxItems: maxKeys } }, ['keys']),
    output: fields({ items: { type: 'array', items: hitOrNull } }, ['items']),
    http: { method: 'POST', path: '/_get', maxBodyBytes: 4 * 1024 * 1024, status: 200 },
  },
  set: {
    summary: 'Stores a value', effect: 'write', idempotent: true,
    input: fields({ key, value: {}, encoding, ttlMs: { type: 'integer', minimum: 1, maximum: maxTtlMs }, tags: { type: 'array', items: tag, maxItems: maxTags } }, ['key', 'value']),
    output: fields({ stored: { type: 'boolean' } }, ['stored']),
    needs: { arguments: { tags: 'tags' } },
    http: { method: 'PUT', path: '/:key', status: 204 },
  },
  delete: {
    summary: 'Removes a value', effect: 'write', idempotent: true,
    input: fields({ key }, ['key']),
    output: nothing,
    http: { method: 'DELETE', path: '/:key', status: 204 },
  },
  invalidate: {
    summary: 'Removes values by tag or by prefix, or all', effect: 'write', idempotent: true,
    input: {
      // That it is one of them is checked by the port, which names all three.
      type: 'object', additionalProperties: false, description: 'Exactly one of the three.',
      properties: { tags: { type: 'array', items: tag, minItems: 1, maxItems: maxTags }, prefix: { type: 'string', minLength: 1, maxLength: 1024, description: 'At most 1 KiB of UTF-8, as a key.' }, all: { const: true } },
    },
    output: nothing,
    needs: { arguments: { tags: 'tags' } },
    http: { method: 'POST', path: '/_invalidate', status: 204 },
  },
}
