import type { Call } from '../../call.ts'
import type { Json, JsonText } from '../../json.ts'

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
  /** JSON as text for a call with `text: true`. */
  readonly payload: Json | JsonText
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
  readonly result?: Json | JsonText
  /** One a failed attempt, oldest first; the last 100. */
  readonly errors: readonly JobError[]
  readonly idempotencyKey?: string
}

/** Full jitter: a retry waits a random time up to `initialMs` doubled with each attempt, `maxMs` at most. */
export interface Backoff {
  readonly initialMs: number
  readonly maxMs: number
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
  /** `cancel`: stop, the job was cancelled · `drain`: finish or release, the queue's worker is wanted elsewhere. */
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
  readonly ready: number
  readonly scheduled: number
  readonly active: number
  readonly done: number
  readonly dead: number
  /** How long the oldest ready job has been ready; null when none is. */
  readonly oldestReadyMs: number | null
}

export interface RedriveInput {
  readonly queue: string
  readonly ids?: readonly string[]
  readonly limit?: number
  /** Spreads the jobs' `runAt`, so that at most so many become ready in each second. */
  readonly perSecond?: number
  /** The queue they go to; their own unless set. */
  readonly to?: string
  readonly payload?: Json
}

export interface JobAt {
  readonly queue: string
  readonly id: string
}

/**
 * Jobs that run at least once. Every operation but `discard` and `redrive` may be repeated without harm as declared.
 * @throws QUEUE_NOT_FOUND from each, when the manifest declares no such queue.
 */
export interface QueueOperations {
  /**
   * Adds one job, durable when answered; inside a unit of work when that is committed.
   * An `idempotencyKey` that a kept job of the queue has answers that job, `repeated: true`, and adds none.
   * `delayMs` counts from now, `runAt` is a time; one of them at most. `attempts` and `backoff` are the queue's unless set.
   * @throws QUEUE_PAYLOAD_TOO_LARGE · INPUT_INVALID with the place in the payload that no backend can carry
   * @throws QUEUE_KEY_RACED from the commit of a unit, when another job took the key meanwhile: run the unit again.
   */
  enqueue(input: EnqueueInput, call: Call): Promise<EnqueuedJob>

  /** Adds up to 1,000 jobs, all or none, and answers them in their order; a known key answers its first job. */
  enqueueMany(input: EnqueueManyInput, call: Call): Promise<{ readonly items: readonly Job[] }>

  /**
   * Hands out up to `max` ready jobs, each to one live lease at a time, higher priority first, then by `runAt`.
   * Waits at most `waitMs` for the first job, then answers `{ items }`; an empty list is a normal answer.
   * `leaseMs` (the queue's unless set) counts from the moment the lease is granted, not from when the answer arrives.
   * The same `requestId` within 10 minutes answers the leases that it got, those that are still held, and takes no others.
   * @throws QUEUE_TOO_MANY_WAITING when as many callers wait as are let.
   */
  lease(input: LeaseInput, call: Call): Promise<{ readonly items: readonly Lease[] }>

  /**
   * The job is done. As for `fail` and `release`: the same verb again with the token that did it answers as it first
   * did, for 10 minutes, also after the job was leased again.
   * @throws QUEUE_LEASE_LOST when the lease ended or the job was cancelled; nothing changed.
   */
  ack(input: AckInput, call: Call): Promise<{ readonly state: 'done' }>

  /**
   * The attempt failed: the job runs again after its backoff or `retryInMs`, and is dead when no attempt is left or
   * `dead` is set. The error is kept with the job.
   * @throws QUEUE_LEASE_LOST
   */
  fail(input: FailInput, call: Call): Promise<Failed>

  /**
   * The lease ends `leaseMs` from now, and `progress` stands in the job. A cancelled job is not extended: `signal` says so.
   * @throws QUEUE_LEASE_LOST
   */
  extend(input: ExtendInput, call: Call): Promise<Extended>

  /** Gives the job back to its place in the queue; the attempt is not counted. @throws QUEUE_LEASE_LOST */
  release(input: Held, call: Call): Promise<{ readonly state: 'ready' }>

  /** @throws QUEUE_JOB_NOT_FOUND */
  get(input: JobAt, call: Call): Promise<Job>

  /**
   * Jobs, the latest first. A page may hold fewer than `limit` (50 unless set, 1,000 at most) and still have a `next`,
   * since one call looks at 5,000 jobs at most for `code` and `text`.
   * @throws QUEUE_BAD_CURSOR when `after` is no cursor of this filter.
   */
  list(input: ListInput, call: Call): Promise<JobPage>

  counts(input: { readonly queue: string }, call: Call): Promise<QueueCounts>

  /**
   * Dead jobs get all their attempts again, their errors kept: those of `ids`, or the `limit` (1,000 unless set) that
   * died first. `to` moves them to another queue, without their idempotency keys; `payload` replaces that of one job.
   */
  redrive(input: RedriveInput, call: Call): Promise<{ readonly moved: number }>

  /**
   * A waiting or active job becomes `cancelled`; the worker of an active one learns it from `extend`, and its `ack` is
   * refused. A finished job is removed.
   * @throws QUEUE_JOB_NOT_FOUND
   */
  discard(input: JobAt, call: Call): Promise<{ readonly state: 'cancelled' | 'removed' }>

  /** A paused queue takes jobs and leases none; what is leased goes on. */
  pause(input: { readonly queue: string }, call: Call): Promise<QueueCounts>

  resume(input: { readonly queue: string }, call: Call): Promise<QueueCounts>
}
