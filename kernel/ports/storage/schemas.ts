import type { JsonSchema } from '../../json.ts'
import { limits } from './limits.ts'

type Properties = Readonly<Record<string, JsonSchema>>

const object = (properties: Properties, required: readonly string[] = []): JsonSchema & { readonly properties: Properties } => ({ type: 'object', properties, required, additionalProperties: false })
const text = (maxLength: number, minLength = 1): JsonSchema => ({ type: 'string', minLength, maxLength })

const collection = text(255)
// Longer than an id can be: a longer one is no other kind of mistake than one of 256 bytes.
const id = text(10_000, 0)
const version = text(255)
const document: JsonSchema = { type: 'object' }
const ttlMs: JsonSchema = { type: 'integer', minimum: 1, maximum: limits.ttlMs }
const where: JsonSchema = { type: 'object' }
const at = { collection, id }
const notBoth = { dependentSchemas: { ifVersion: { properties: { ifAbsent: false } } } }
const ifAbsent: JsonSchema = { const: true }

const idempotencyKey: JsonSchema = { ...text(255), pattern: '^[!-~]+$' }
const insert = object({ collection, id, value: document, ttlMs }, ['collection', 'value'])
const putFields: Properties = { ...at, value: document, ttlMs, ifVersion: version, ifAbsent }
const put: JsonSchema = { ...object(putFields, ['collection', 'id', 'value']), ...notBoth }
const patch = object({ ...at, patch: document, ifVersion: version }, ['collection', 'id', 'patch'])
const remove = object({ ...at, ifVersion: version }, ['collection', 'id'])
const check: JsonSchema = { ...object({ ...at, ifVersion: version, ifAbsent }, ['collection', 'id']), oneOf: [{ required: ['ifVersion'] }, { required: ['ifAbsent'] }] }
// The queue judges the job; this port only knows who gets it.
const enqueue: JsonSchema = { type: 'object', properties: { binding: text(100), queue: text(255) }, required: ['queue', 'payload'] }

const fence = object({ lock: id, fencingToken: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } }, ['lock', 'fencingToken'])

const operation: JsonSchema = { ...object({ insert, put, patch, delete: remove, check, enqueue }), minProperties: 1, maxProperties: 1 }
const path = text(1_000, 0)
const query: Properties = {
  where,
  orderBy: { type: 'array', items: path, maxItems: limits.indexPaths },
  limit: { type: 'integer', minimum: 1, maximum: limits.pageRows },
  after: text(10_000),
  select: { type: 'array', items: path, minItems: 1, maxItems: 100 },
}

export const inputs = {
  get: object(at, ['collection', 'id']),
  getMany: object({ collection, ids: { type: 'array', items: id, maxItems: limits.getMany } }, ['collection', 'ids']),
  insert: object({ ...insert.properties, idempotencyKey }, ['collection', 'value']),
  put: { ...object({ ...putFields, fence }, ['collection', 'id', 'value']), ...notBoth },
  patch: object({ ...patch.properties, fence }, ['collection', 'id', 'patch']),
  delete: remove,
  find: object({ collection, ...query }, ['collection']),
  findView: object({ view: text(255), ...query }, ['view']),
  count: object({ collection, where }, ['collection']),
  write: object({ operations: { type: 'array', items: operation, minItems: 1, maxItems: limits.writeOperations }, idempotencyKey, fence }, ['operations']),
} as const satisfies Readonly<Record<string, JsonSchema>>

const time: JsonSchema = { type: 'string', format: 'date-time' }
const string: JsonSchema = { type: 'string' }
const fields = { id: string, value: document, version: string, createdAt: time, updatedAt: time, expiresAt: time }
const always = ['id', 'value', 'version', 'createdAt', 'updatedAt']
const record = object(fields, always)
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })

export const outputs = {
  record,
  put: object({ ...fields, created: { type: 'boolean' } }, [...always, 'created']),
  records: object({ items: list({ oneOf: [record, { type: 'null' }] }) }, ['items']),
  id: object({ id: string }, ['id']),
  page: object({ items: list(record), next: { type: ['string', 'null'] } }, ['items', 'next']),
  count: object({ count: { type: 'integer', minimum: 0 } }, ['count']),
  results: object({ results: list(object({ id: string, version: string, job: string })) }, ['results']),
} as const satisfies Readonly<Record<string, JsonSchema>>
