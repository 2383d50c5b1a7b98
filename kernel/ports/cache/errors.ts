import type { ErrorTable } from '../../errors.ts'

export const cacheErrors = {
  CACHE_MISS: {
    status: 404, retryable: false, title: 'Not in the cache',
    detail: () => 'the cache has no such key',
  },
} as const satisfies ErrorTable
