import { errorsOf, type ErrorTable } from '../../errors.ts'

export const cacheErrors = {
  CACHE_MISS: {
    status: 404, retryable: false, title: 'Not in the cache',
    detail: () => 'the cache has no such key',
  },
} as const satisfies ErrorTable

/** What `remember` throws of its own; the operations' `CACHE_UNSUPPORTED` is the binding's. */
export const rememberError = errorsOf({
  CACHE_UNSUPPORTED: {
    status: 400, retryable: false, title: 'Unsupported by this backend',
    detail: (at: { binding: string }) => `the driver of ${at.binding} has no capability tags, which remember with tags needs; see the table in docs/ports/`,
  },
})
