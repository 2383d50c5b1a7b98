import type { DurationCounts } from '../../binding/durations.ts'
import type { Counter, Gauge, Meters } from '../../binding/meters.ts'

/** From a lock that is free to the longest that one call waits. */
const boundsMs = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000]

/** What this process did with the locks of one binding; of no name, for there is no end of names. */
export class LockFigures {
  readonly grants: Counter
  readonly held: Counter
  readonly lost: Counter
  readonly waiting: Gauge
  readonly wait: DurationCounts

  constructor(meters: Meters) {
    this.grants = meters.counter('grants_total', 'Locks that were granted.', {})
    this.held = meters.counter('held_total', 'Callers that did not get a lock in the time that they waited, because another held it.', {})
    this.lost = meters.counter('lost_total', 'Renewals and releases that were refused because the time of the lock was over.', {})
    this.waiting = meters.gauge('waiting', 'Callers that wait for a lock.', {})
    this.waiting.value = 0
    this.wait = meters.durations('wait_duration_seconds', 'Time from the call to the grant.', {}, boundsMs)
  }
}
