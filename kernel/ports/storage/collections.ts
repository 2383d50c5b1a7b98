import type { JsonSchema } from '../../json.ts'
import { bytesSchema, documentSchema, type ScriptFile, scriptsSchema } from '../../manifest/units.ts'
import { schemaCheck, type SchemaCheck } from '../schema-check.ts'
import { storageCacheSchema, type StorageCacheKeys } from './cache-keys.ts'
import { limits } from './limits.ts'
import { mappingOf, type TableMapping } from './mapping.ts'
import { indexName, type MappingKeys, mappingProperties } from './mapping-keys.ts'
import { type OrderPath, parseOrderPath } from './path.ts'
import { type ViewKeys, viewSchema } from './view-keys.ts'

/** What the manifest says of storage: the port's own keys, sizes as numbers. */
export interface StorageKeys {
  readonly collections?: Readonly<Record<string, CollectionKeys>>
  readonly views?: Readonly<Record<string, ViewKeys>>
  readonly cache?: StorageCacheKeys
  /** Who makes what the backend lacks of the manifest: a start, or the operator. */
  readonly migrate?: 'auto' | 'manual'
  /** The owner's steps, in their order. */
  readonly migrations?: readonly ScriptFile[]
}

export interface CollectionKeys extends MappingKeys {
  readonly schema?: JsonSchema
  /** Lists of paths; with a `table` the names of its indexes. */
  readonly indexes?: readonly (string | readonly string[])[]
  readonly unique?: readonly (readonly string[])[]
  readonly maxSizeBytes?: number
  readonly maxDepth?: number
  readonly scanLimit?: number
}

export interface Index {
  /** Its place among the collection's indexes, which is that of its key in a row's `keys`. */
  readonly at: number
  readonly paths: readonly OrderPath[]
  readonly unique: boolean
}

/** A collection with nothing left open. */
export interface Collection {
  readonly name: string
  /** None where there is a mapping. */
  readonly indexes: readonly Index[]
  /** Where it stands on a table that other programs own, which is only read and written. */
  readonly mapping?: TableMapping
  readonly check?: SchemaCheck
  readonly maxBytes: number
  readonly maxDepth: number
  readonly scanLimit: number
}

/** What Portico itself keeps in every storage binding; no name in a manifest begins with a digit. */
export const ownCollections = { idempotency: '0idempotency', migrations: '0migrations', fences: '0fences' } as const

/** All that a driver keeps: the declared collections, and Portico's own. */
export function everyCollection(keys: StorageKeys): ReadonlyMap<string, Collection> {
  const own = collectionsOf({ collections: Object.fromEntries(Object.values(ownCollections).map((name) => [name, {}])) })
  return new Map([...collectionsOf(keys), ...own])
}

/** Every declared collection by name. The drivers and the meaning see the same indexes in the same order. */
export function collectionsOf(keys: StorageKeys): ReadonlyMap<string, Collection> {
  return new Map(Object.entries(keys.collections ?? {}).map(([name, given]) => [name, {
    name,
    ...kept(given),
    ...(given.schema && { check: schemaCheck(given.schema) }),
    maxBytes: given.maxSizeBytes ?? limits.documentBytes,
    maxDepth: given.maxDepth ?? limits.depth,
    scanLimit: given.scanLimit ?? limits.scanRows,
  }]))
}

function kept(given: CollectionKeys): Pick<Collection, 'indexes' | 'mapping'> {
  const mapping = mappingOf(given)
  if (mapping) return { indexes: [], mapping }
  return {
    indexes: [
      ...(given.indexes ?? []).map((paths) => ({ paths, unique: false })),
      ...(given.unique ?? []).map((paths) => ({ paths, unique: true })),
    ].map(({ paths, unique }, at) => ({ at, unique, paths: [paths].flat().map(pathOfIndex) })),
  }
}

function pathOfIndex(text: string): OrderPath {
  const path = parseOrderPath(text)
  // The keys' schema admits no other; this is for who binds without a manifest.
  if (!path) throw new TypeError(`no index can stand on ${JSON.stringify(text)}`)
  return path
}

/** A path as `parseOrderPath` reads it: no segment that begins with `$`, or is `_bsontype` or `__proto__`. */
const segment = '(?!\\$|_bsontype(?:\\.|$)|__proto__(?:\\.|$))[^.\\u0000]*'
const pathPattern = `^-?(?:\\$(?:id|createdAt|updatedAt)|${segment}(?:\\.${segment})*)$`

const indexPaths: JsonSchema = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 1_000, pattern: pathPattern }, minItems: 1, maxItems: limits.indexPaths, uniqueItems: true }
const indexList = (items: JsonSchema, description: string): JsonSchema => ({ type: 'array', maxItems: 20, description, items })

const collectionSchema: JsonSchema = {
  type: 'object', additionalProperties: false,
  description: 'A collection of documents.',
  properties: {
    schema: { ...documentSchema, description: 'What every value must keep: a JSON Schema, inline or as a file. Writes that break it are refused (422).' },
    indexes: indexList({ anyOf: [indexPaths, indexName] }, 'Indexes, each a list of 1 to 4 paths, descending after `-`: `[[status, -$createdAt]]`. With a `table`: the names of those of its indexes that queries may use.'),
    unique: indexList(indexPaths, 'Paths whose values together no two records share; a record that lacks one of them is not compared.'),
    maxSize: { ...bytesSchema, 'x-min': 2, 'x-max': limits.documentBytes, description: 'The largest document, as JSON; 1MiB unless set, which is the most there is.' },
    maxDepth: { type: 'integer', minimum: 1, maximum: limits.depth, description: 'How many levels of objects and arrays a document has at most; 30 unless set, which is the most there is.' },
    scanLimit: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'How many rows one query examines before it is refused with the index to declare; 10000 unless set.' },
    ...mappingProperties,
  },
}

export const storageKeysSchema: JsonSchema = {
  type: 'object',
  properties: {
    collections: {
      type: 'object', description: 'The collections, by name.',
      additionalProperties: collectionSchema, propertyNames: { pattern: '^[a-z][a-z0-9_-]{0,39}$' },
    },
    views: {
      type: 'object', description: 'Read-only projections of the collections, by name.',
      additionalProperties: viewSchema, propertyNames: { pattern: '^[a-z][a-z0-9_-]{0,39}$' },
    },
    cache: storageCacheSchema,
    migrate: { enum: ['auto', 'manual'], default: 'auto', description: 'Who makes the collections and indexes that the backend lacks, and runs `migrations`: `auto`, each start; `manual`, only `portico migrate apply`, and a start is refused until then.' },
    migrations: { ...scriptsSchema, description: 'A folder with the steps of your own, TypeScript or JavaScript files numbered in their order: `0001-split-names.ts`. Each runs once.' },
  },
}

/** What the keys ask of a driver beside what every one does. A step commits with the note that it has run: one record more than a backend without units can. */
export function demandsOf({ collections = {}, migrations }: StorageKeys): readonly { readonly capability: 'units' | 'mapping'; readonly path: readonly string[] }[] {
  const mapped = Object.entries(collections).flatMap(([name, { table }]) => (table === undefined ? [] : [{ capability: 'mapping' as const, path: ['collections', name, 'table'] }]))
  return [...(migrations ? [{ capability: 'units' as const, path: ['migrations'] }] : []), ...mapped]
}
