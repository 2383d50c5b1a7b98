import { didYouMean } from '../../manifest/suggest.ts'
import type { JsonSchema } from '../../json.ts'
import { durationSchema } from '../../manifest/units.ts'
import type { BindingUse, KeyFault } from '../definition.ts'

/** Which collections are read through which cache. */
export interface StorageCacheKeys {
  readonly binding: string
  readonly collections: Readonly<Record<string, { readonly ttlMs: number }>>
}

const day = 86_400_000

export const storageCacheSchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['binding', 'collections'],
  description: 'Reads by id that go through a cache.',
  properties: {
    binding: { type: 'string', minLength: 1, description: 'The binding of the port cache.' },
    collections: {
      type: 'object', minProperties: 1, description: 'The collections whose records are cached, by name.',
      propertyNames: { pattern: '^[a-z][a-z0-9_-]{0,39}$' },
      additionalProperties: {
        type: 'object', additionalProperties: false, required: ['ttl'],
        properties: { ttl: { ...durationSchema, 'x-min': 1, 'x-max': 30 * day, description: 'How long a record may be answered from the cache: what bounds how old it is when a write could not tell the cache.' } },
      },
    },
  },
}

interface Keys {
  readonly cache?: StorageCacheKeys
  readonly collections?: Readonly<Record<string, unknown>>
}

export function usesOfCache({ cache }: Keys): readonly BindingUse[] {
  return cache ? [{ port: 'cache', binding: cache.binding, path: ['cache', 'binding'] }] : []
}

/** Cached collections that the binding does not have. */
export function faultsOfCache({ cache, collections = {} }: Keys): readonly KeyFault[] {
  const declared = Object.keys(collections)
  return Object.keys(cache?.collections ?? {}).filter((name) => !declared.includes(name)).map((name) => ({
    path: ['cache', 'collections', name], on: 'key',
    message: `this binding has no collection "${name}"${didYouMean(name, declared) || (declared.length > 0 ? `; it has ${declared.join(', ')}` : '')}`,
  }))
}
