import { isPorticoError } from '../errors.ts'
import { backoffMs } from '../resilience/backoff.ts'
import type { Guard } from './guard.ts'

/** What an outcome tells a breaker of the backend: it failed, it answered, or nothing. */
export type Verdict = 'fail' | 'succeed' | 'release'

/**
 * A 5xx is the backend's failure, as is what is no error of ours; a 4xx is its answer. What the caller gave up on, and an
 * input that was refused before it went anywhere, tell nothing.
 */
export function verdictOf(error: unknown, givenUp: boolean): Verdict {
  if (givenUp) return 'release'
  if (!isPorticoError(error)) return 'fail'
  const { status, ofCaller } = error
  // It was asked, whatever status the caller is answered with.
  if (ofCaller) return 'succeed'
  if (status === 400 || status === 422 || status === 499) return 'release'
  return status >= 500 ? 'fail' : 'succeed'
}

/**
 * How long to wait before the next attempt; undefined when there is none: the attempts are used up, or the same call would
 * fail again. Full jitter, so that those who failed together do not come back together; never sooner than the error asks for.
 */
export function delayMs({ retry, random }: Guard, attempts: number, error: unknown): number | undefined {
  if (!retry || attempts >= retry.attempts || !isPorticoError(error) || !error.retryable) return undefined
  return Math.max(error.retryAfterMs ?? 0, backoffMs(retry, attempts, random()))
}
