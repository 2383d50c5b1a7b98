import type { Unit } from '../call.ts'
import type { Log } from '../log.ts'
import type { Job, JobProgress } from '../ports/queue/operations.ts'

/** What a handler is given beside the job. */
export interface HandlerParts {
  /** Aborts when the lease is lost, the job is cancelled, the attempt's time is over, or a shutdown no longer waits. Who has not ended 5 seconds later, or a second after a shutdown's word, is not listened to any more. */
  readonly signal: AbortSignal
  /** Its lines name the queue, the job and the attempt. */
  readonly log: Log
  /**
   * An open unit of work on the queue's connection: what is staged in it is committed together with the acknowledgement, or
   * not at all. Undefined when the driver has no `units`.
   */
  readonly unit: Unit | undefined
  /** Stands in the job from the next renewal of the lease on; a driver without `extend` has no place for it. */
  progress(progress: JobProgress): void
}

/**
 * Does a job. What it answers is the job's result, undefined leaves none; what it throws fails the attempt, in the words
 * and with the `code` of the error. `JobFailure` says when the job runs again, or that it never does.
 */
export type JobHandler = (job: Job, parts: HandlerParts) => unknown

export interface HandlerSpec {
  readonly run: JobHandler
  /** How many jobs it does at once in this process; 10 unless set, 1,000 at most. */
  readonly concurrency?: number
  /** The lease, renewed at a third of it; the queue's unless set. 100 to 3,600,000. */
  readonly leaseMs?: number
  /**
   * How long an attempt may take: an hour unless set, 100 to 604,800,000 (a week). Then `signal` aborts, and the attempt fails
   * with `QUEUE_ATTEMPT_TIMEOUT`: at once when the handler ends by that, after 5 seconds when it does not. Its lease is renewed until then.
   */
  readonly timeoutMs?: number
}

/**
 * Handlers by queue. `emails` is a queue of the plugin's one need of the port queue, or of the need named `queue`;
 * `reports.daily` is the queue `daily` of the need `reports`.
 */
export type Handlers = Readonly<Record<string, JobHandler | HandlerSpec>>

export interface JobFailureOptions {
  /** What kind of failure it is, for who looks at dead letters: `SMTP_550`. */
  readonly code?: string
  /** When it runs again, in place of the backoff. */
  readonly retryInMs?: number
  /** It never runs again: a dead letter at once. */
  readonly dead?: boolean
  readonly cause?: unknown
}

const brand = Symbol.for('portico.job-failure')

/** Thrown by a handler that knows more than that the attempt failed. */
export class JobFailure extends Error {
  readonly code: string | undefined
  readonly retryInMs: number | undefined
  readonly dead: boolean
  readonly [brand] = true

  /** @throws TypeError when both `dead` and `retryInMs` are set. */
  constructor(message: string, { code, retryInMs, dead = false, cause }: JobFailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    if (dead && retryInMs !== undefined) throw new TypeError('a dead job does not run again: `dead` and `retryInMs` cannot stand together')
    this.name = 'JobFailure'
    this.code = code
    this.retryInMs = retryInMs
    this.dead = dead
  }
}

/** True also for one that was made by another copy of the package. */
export function isJobFailure(thrown: unknown): thrown is JobFailure {
  return typeof thrown === 'object' && thrown !== null && brand in thrown
}
