import type { BoundOperations } from '../../binding/bound.ts'
import { durationSchema } from '../../manifest/units.ts'
import { definePort } from '../definition.ts'
import type { CacheDriver } from './driver.ts'
import { cacheErrors } from './errors.ts'
import type { CacheKeys } from './cache.ts'
import { implementCache } from './meaning.ts'
import { cacheOperations, maxTtlMs, type CacheInProcess, type CacheOperations } from './operations.ts'

export type { CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheValue, CacheWrite, Soon } from './driver.ts'
export type { CacheKeys } from './cache.ts'
export type { CacheHit, CacheInProcess, CacheOperations, InvalidateInput, RememberOptions, SetInput } from './operations.ts'

declare module '../../binding/bound.ts' {
  interface Ports {
    cache: BoundOperations<CacheOperations> & CacheInProcess
  }
}

/** Values for a while: fast, bounded, and never a reason to fail. */
export const cache = definePort<CacheOperations, CacheDriver, CacheKeys, 'tags', CacheInProcess>({
  name: 'cache',
  summary: 'Values for a while, that may be gone at any time',
  capabilities: { tags: 'entries carry tags, and all of one tag are removed at once' },
  operations: cacheOperations,
  keys: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ttl: { ...durationSchema, 'x-min': 1, 'x-max': maxTtlMs, description: 'How long a value lives that is set without ttlMs; without end unless set.' },
      timeout: { ...durationSchema, 'x-min': 1, 'x-max': 60_000, description: 'How long the backend may take before its callers go on without it; 1s unless set.' },
    },
  },
  errors: cacheErrors,
  implement: implementCache,
})
