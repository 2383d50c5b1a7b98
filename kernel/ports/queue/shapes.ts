import type { Json } from '../../json.ts'
import type { Backoff } from '../../resilience/backoff.ts'

/**
 * `scheduled` waits for its `runAt`, `ready` for a lease, `active` is leased; `done`, `dead` (a dead letter) and
 * `cancelled` are finished and kept for a while.
 */
export type JobState = 'scheduled' | 'ready' | 'active' | 'done' | 'dead' | 'cancelled'

/** What went wrong in one attempt. `QUEUE_WORKER_LOST` is the code of a lease that ended without a verb. */
export interface JobError {
  readonly at: string
  readonly attempt: number
  readonly message: string
  readonly code?: string
}

export interface JobProgress {
  readonly percent?: number
  readonly message?: string
}

/** Times are RFC 3339 in UTC with milliseconds. */
export interface Job {
  readonly id: string
  readonly queue: string
  readonly state: JobState
  /** For a call with `text: true`, which only HTTP makes, a `JsonText` stands in its place, and in that of `result`. */
  readonly payload: Json
  readonly priority: number
  /** Leases so far, released ones not counted; 1 while the first one runs. */
  readonly attempt: number
  /** How many attempts it has before it is dead. */
  readonly attempts: number
  /** Attempts that ended without a verb of their worker. */
  readonly crashes: number
  readonly progress?: JobProgress
  readonly runAt: string
  readonly enqueuedAt: string
  readonly finishedAt?: string
  /** What `ack` left; kept as long as the job. */
  readonly result?: Json
  /** One a failed attempt, oldest first; the last 100. */
  readonly errors: readonly JobError[]
  readonly idempotencyKey?: string
  /** Which schedule added it, and for which of its ticks. In another queue, after a redrive, it is not told any more. */
  readonly schedule?: { readonly name: string; readonly at: string }
}

export interface NewJob {
  readonly payload: Json
  readonly delayMs?: number
  readonly runAt?: string
  readonly priority?: number
  readonly idempotencyKey?: string
  readonly attempts?: number
  readonly backoff?: Backoff
}

export interface EnqueueInput extends NewJob {
  readonly queue: string
}

/** `repeated`: the idempotency key was known, and this is the first job of that key. */
export type EnqueuedJob = Job & { readonly repeated: boolean }

export interface EnqueueManyInput {
  readonly queue: string
  readonly jobs: readonly NewJob[]
}

export interface LeaseInput {
  readonly queue: string
  readonly max?: number
  readonly waitMs?: number
  readonly leaseMs?: number
  readonly workerId?: string
  readonly requestId?: string
}

export interface Lease {
  /** Opaque; what every later verb is fenced by. */
  readonly token: string
  readonly job: Job
  readonly expiresInMs: number
}

/** Names a leased job. */
export interface Held {
  readonly queue: string
  readonly token: string
}

export interface AckInput extends Held {
  readonly result?: Json
}

export interface FailInput extends Held {
  readonly error: { readonly message: string; readonly code?: string }
  readonly retryInMs?: number
  readonly dead?: boolean
}

export interface ExtendInput extends Held {
  readonly leaseMs: number
  readonly progress?: JobProgress
}

export interface Failed {
  readonly state: 'scheduled' | 'dead'
  readonly runAt?: string
}

export interface Extended {
  readonly expiresInMs: number
  /** `cancel`: stop, the job was cancelled · `drain`: the queue is paused; the job is still its worker's, to finish or to release. */
  readonly signal: null | 'cancel' | 'drain'
}

export interface ListInput {
  readonly queue: string
  readonly state?: JobState
  /** Bounds of `finishedAt` of a finished job, of `enqueuedAt` of another: `from` inclusive, `to` exclusive. */
  readonly from?: string
  readonly to?: string
  /** The code of any of the job's errors. */
  readonly code?: string
  /** A substring of the payload's JSON or of an error's message. */
  readonly text?: string
  readonly limit?: number
  readonly after?: string
}

export interface JobPage {
  readonly items: readonly Job[]
  readonly next: string | null
}

export interface QueueCounts {
  readonly queue: string
  readonly paused: boolean
  /** Why it is paused, when that was told. */
  readonly pauseReason?: string
  readonly ready: number
  readonly scheduled: number
  readonly active: number
  readonly done: number
  readonly dead: number
  /** How long the oldest ready job has been ready; null when none is. */
  readonly oldestReadyMs: number | null
}

export interface PauseInput {
  readonly queue: string
  /** For who asks why it is paused: 200 characters at most. */
  readonly reason?: string
}

export interface RedriveInput {
  readonly queue: string
  readonly ids?: readonly string[]
  readonly limit?: number
  /** Spreads the jobs' `runAt`, so that at most so many become ready in each second. */
  readonly perSecond?: number
  /** The first of them becomes ready so long from now: for who puts back many, call by call, at one rate. */
  readonly delayMs?: number
  /** The queue they go to; their own unless set. */
  readonly to?: string
  readonly payload?: Json
}

export interface Redriven {
  readonly moved: number
  /** Those that stay dead, for `to` does not take their payload: its schema, its size or the key of its limits. */
  readonly refused?: number
}

export interface JobAt {
  readonly queue: string
  readonly id: string
}

export interface ScheduleAt {
  readonly queue: string
  readonly name: string
}

/** `cron` (with `timezone`, UTC unless set) or `everyMs`. */
export interface NewSchedule {
  /** Five fields: minute, hour, day, month, weekday. */
  readonly cron?: string
  readonly timezone?: string
  /** At each multiple of this time since 1970 in UTC. */
  readonly everyMs?: number
  /** Of each job, 64 KiB at most; null unless set. */
  readonly payload?: Json
  readonly priority?: number
  readonly attempts?: number
  /** What becomes of ticks that nobody was there to fire: one job for all of them (unless set), none, or one for each of the latest 100. */
  readonly misfire?: 'skip' | 'once' | 'all'
}

export type PutScheduleInput = ScheduleAt & NewSchedule

export interface Schedule extends ScheduleAt, NewSchedule {
  /** Where it is declared: one of the manifest is changed and removed there alone. */
  readonly origin: 'manifest' | 'http'
  readonly payload: Json
  readonly misfire: 'skip' | 'once' | 'all'
  readonly paused: boolean
  /** The last tick that was fired. */
  readonly lastAt?: string
  /** The ticks to come, five of them; none while it is paused. */
  readonly next: readonly string[]
}
