import type { BoundOperations } from '../../binding/bound.ts'
import { bytesSchema, durationSchema } from '../../manifest/units.ts'
import { definePort } from '../definition.ts'
import type { CacheDriver } from './driver.ts'
import { cacheErrors } from './errors.ts'
import type { CacheKeys } from './cache.ts'
import { implementCache } from './meaning.ts'
import { rehearsed } from './rehearsed.ts'
import { cacheOperations, maxTtlMs, type CacheInProcess, type CacheOperations } from './operations.ts'

export type { CacheCopies, CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheSignals, CacheValue, CacheWrite, Soon } from './driver.ts'
export { copyBytes, freezeCopy, sizeOfText, type Frozen } from './frozen.ts'
export type { CacheKeys } from './cache.ts'
export type { CacheHit, CacheInProcess, CacheOperations, InvalidateInput, SetInput } from './operations.ts'
export type { LoadContext, LoadManyContext, RememberManyOptions, RememberOptions } from './remember-options.ts'

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
      maxValue: { ...bytesSchema, 'x-min': 1, 'x-max': 256 * 1024 ** 2, description: 'The largest value, as the memory that it takes; 1MiB unless set.' },
      stale: { ...durationSchema, 'x-max': maxTtlMs, description: 'How long after its time `remember` answers an old value while it renews it; 0s unless set.' },
      grace: { ...durationSchema, 'x-max': maxTtlMs, description: 'How long after its time `remember` answers an old value when the load fails; 0s unless set.' },
      jitter: { type: 'number', minimum: 0, maximum: 0.5, description: 'Which part of its time `remember` takes off a value at random; 0 unless set.' },
      negative: { ...durationSchema, 'x-max': maxTtlMs, description: 'How long `remember` caches that a load gave nothing; as long as any value unless set, 0s for not at all.' },
      singleFlight: { enum: ['process', 'cluster'], description: 'Whether the loads of one key are one in each process or one in all replicas; process unless set.' },
      timeout: { ...durationSchema, 'x-min': 1, 'x-max': 60_000, description: 'How long the backend may take before its callers go on without it; 50ms unless set.' },
    },
  },
  errors: cacheErrors,
  rehearse: rehearsed,
  implement: implementCache,
})
