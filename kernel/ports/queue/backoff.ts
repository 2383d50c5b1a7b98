import type { Backoff } from './operations.ts'

/** The longest wait after `attempt` failed: `initialMs` doubled with each attempt before it, `maxMs` at most. */
export function longestWaitMs({ initialMs, maxMs }: Backoff, attempt: number): number {
  return Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 60))
}

/** Full jitter: evenly between 0 and the longest wait, so that jobs that failed together do not come back together. */
export function backoffMs(backoff: Backoff, attempt: number, random: number): number {
  return Math.round(longestWaitMs(backoff, attempt) * random)
}
