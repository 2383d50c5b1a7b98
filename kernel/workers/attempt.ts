import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { JobFailure } from './handler.ts'
import type { KeptLease } from './lease-keeper.ts'
import type { Failed } from './outcome.ts'

/** Whoever was told that the time is over has this long to end before the attempt has failed all the same. */
export const graceMs = 5_000

/** One job that a worker is doing. */
export class Attempt {
  readonly kept: KeptLease
  readonly log: Log
  /** Nobody listens to its work any more. */
  ended = false
  /** Its time is over: how it failed, whatever its work fails of. */
  failure: Failed | undefined

  constructor(kept: KeptLease, log: Log) {
    this.kept = kept
    this.log = log
  }

  /**
   * Tells the work after `timeoutMs` to stop, and calls `giveUp` when it has not in another `graceMs`; answers how to take
   * that back. Timers tell it, not times: a clock that is set forward must not fail every job of a process.
   */
  limit(timeoutMs: number, clock: Clock, giveUp: () => void): () => void {
    let takeBack = clock.after(timeoutMs, () => {
      const error = { message: `the attempt took longer than ${timeoutMs} ms`, code: 'QUEUE_ATTEMPT_TIMEOUT' }
      this.failure = { kind: 'failed', error }
      this.kept.interrupt(new JobFailure(error.message, error))
      takeBack = clock.after(graceMs, giveUp)
    })
    return () => takeBack()
  }
}
