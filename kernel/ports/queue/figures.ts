import type { DurationCounts } from '../../binding/durations.ts'
import type { Counter, Meters } from '../../binding/meters.ts'
import type { JobRow } from './driver.ts'
import { repeatMs } from './states.ts'

const second = 1_000
const minute = 60_000
/** Jobs wait for a worker, and work, from milliseconds to hours. */
const boundsMs = [1, 5, 10, 25, 50, 100, 250, 500, second, 2_500, 5_000, 10_000, 30_000, minute, 5 * minute, 15 * minute, 60 * minute, 240 * minute]

/** What this process did to the jobs of one queue. Over all replicas it is their sum. */
export class QueueFigures {
  readonly enqueued: Counter
  readonly attempts: Counter
  readonly done: Counter
  readonly failures: Counter
  readonly releases: Counter
  readonly lostLeases: Counter
  readonly crashes: Counter
  readonly deadLetters: Counter
  readonly wait: DurationCounts
  readonly run: DurationCounts

  constructor(meters: Meters, queue: string) {
    const counter = (name: string, help: string) => meters.counter(name, help, { queue })
    this.enqueued = counter('enqueued_total', 'Jobs that were added, also by schedules.')
    this.attempts = counter('attempts_total', 'Attempts that began: jobs leased.')
    this.done = counter('done_total', 'Jobs that their workers acknowledged.')
    this.failures = counter('failures_total', 'Attempts that their workers failed.')
    this.releases = counter('releases_total', 'Attempts that their workers gave back.')
    this.lostLeases = counter('lost_leases_total', 'Verbs that were refused because the lease was over.')
    this.crashes = counter('crashes_total', 'Leases that ended without a verb, as they were noticed.')
    this.deadLetters = counter('dead_letters_total', 'Jobs that were given up.')
    this.wait = meters.durations('wait_duration_seconds', 'Time from when a job could run to its lease.', { queue }, boundsMs)
    this.run = meters.durations('run_duration_seconds', 'Time from a lease to the verb that ended it.', { queue }, boundsMs)
  }

  leased(rows: readonly JobRow[], nowMs: number): void {
    this.attempts.value += rows.length
    for (const row of rows) this.wait.observe(Math.max(0, nowMs - readySince(row)))
  }

  /** A verb ended a lease that began then. What two processes take for the backend's time need not agree to the millisecond. */
  ended(verb: 'done' | 'failures' | 'releases', leasedMs: number, nowMs: number): void {
    this[verb].value++
    this.run.observe(Math.max(0, nowMs - leasedMs))
  }

  /** What became of a job whose time in its state was over. */
  lapsed(before: JobRow, after: JobRow): void {
    if (before.state === 'active') this.crashes.value++
    if (after.state === 'dead') this.deadLetters.value++
  }
}

/** Since when a leased job could be leased: its time, or the end of an earlier lease that left it ready. */
function readySince({ runAt, crashes, errors, answers }: JobRow): number {
  const crash = crashes > 0 ? errors.findLast(({ code }) => code === 'QUEUE_WORKER_LOST') : undefined
  const release = answers.length === 0 ? undefined : answers.findLast(({ verb }) => verb === 'release')
  return Math.max(runAt, crash ? Date.parse(crash.at) : 0, release ? release.untilMs - repeatMs : 0)
}

/** The figures of each queue that the manifest declares. What happens to jobs of others, which it had once, is not told. */
export function figuresOf(meters: Meters, queues: Iterable<string>): (queue: string) => QueueFigures | undefined {
  const all = new Map(Array.from(queues, (queue) => [queue, new QueueFigures(meters, queue)]))
  return (queue) => all.get(queue)
}
