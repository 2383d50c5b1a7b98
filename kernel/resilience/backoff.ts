/** Waits that grow from one failure to the next. */
export interface Backoff {
  /** The longest wait after the first attempt; it doubles with each further one. */
  readonly initialMs: number
  /** No wait is longer. */
  readonly maxMs: number
}

/** The longest wait after `attempt` failed, the first being 1: `initialMs` doubled with each attempt before it, `maxMs` at most. */
export function longestWaitMs({ initialMs, maxMs }: Backoff, attempt: number): number {
  return Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 60))
}

/**
 * Full jitter: evenly between 0 and the longest wait, so that those who failed together do not come back together. `random` is in [0, 1).
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(backoff: Backoff, attempt: number, random = Math.random()): number {
  return Math.round(longestWaitMs(backoff, attempt) * random)
}
