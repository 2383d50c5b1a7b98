import { errorsOf, type ErrorTable } from '../../errors.ts'

export const cacheErrors = {
  CACHE_MISS: {
    status: 404, retryable: false, title: 'Not in the cache',
    detail: () => 'the cache has no such key',
  },
  CACHE_ANSWER_TOO_LARGE: {
    status: 413, retryable: false, title: 'Answer too large',
    detail: (at: { maxBytes: number; fit: number }) => `the values of these keys are more than ${at.maxBytes} bytes together; the first ${at.fit} are not: ask for fewer keys at once`,
  },
} as const satisfies ErrorTable

export const cacheError = errorsOf(cacheErrors)
