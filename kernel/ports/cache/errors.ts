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
  CACHE_LOAD_INVALID: {
    status: 500, retryable: false, ofCaller: true, title: 'Loaded value not cacheable',
    detail: (at: { operation: string; problem: string }) => `what the load of ${at.operation} gave cannot be cached: ${at.problem}`,
  },
  CACHE_LOAD_CIRCULAR: {
    status: 500, retryable: false, ofCaller: true, title: 'Load waits for itself',
    detail: (at: { operation: string; circle: string }) => `the load of ${at.operation} waits for itself, and would for ever: ${at.circle}`,
  },
} as const satisfies ErrorTable

export const cacheError = errorsOf(cacheErrors)
