import type { Call } from '../../call.ts'
import type {
  AckInput, EnqueueInput, EnqueueManyInput, EnqueuedJob, ExtendInput, Extended, FailInput, Failed, Held, Job, JobAt, JobPage, Lease, LeaseInput, ListInput, PauseInput, PutScheduleInput,
  QueueCounts, Redriven, RedriveInput, Schedule, ScheduleAt,
} from './shapes.ts'

export type * from './shapes.ts'

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
   * Fewer when their payloads come to 8 MiB; one at least.
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
   * The lease ends `leaseMs` from now, and `progress` stands in the job. A cancelled job is not extended: `signal` says so, as it says that the queue is paused.
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

  /** The counts of every queue that the manifest declares, in its order. */
  queues(input: object, call: Call): Promise<{ readonly items: readonly QueueCounts[] }>

  /**
   * Dead jobs get all their attempts again, their errors kept: those of `ids`, or the `limit` (1,000 unless set) that
   * died last. `to` moves them to another queue, without their idempotency keys; `payload` replaces that of one job.
   */
  redrive(input: RedriveInput, call: Call): Promise<Redriven>

  /** Those of `ids` that are dead are removed; one that is not, or no more since it was put back, is left alone. */
  discardDead(input: { readonly queue: string; readonly ids: readonly string[] }, call: Call): Promise<{ readonly removed: number }>

  /**
   * A waiting or active job becomes `cancelled`; the worker of an active one learns it from `extend`, and its `ack` is
   * refused. A finished job is removed.
   * @throws QUEUE_JOB_NOT_FOUND
   */
  discard(input: JobAt, call: Call): Promise<{ readonly state: 'cancelled' | 'removed' }>

  /** A paused queue takes jobs and leases none; what is leased goes on. One that is paused already keeps its reason unless it is given another. */
  pause(input: PauseInput, call: Call): Promise<QueueCounts>

  resume(input: { readonly queue: string }, call: Call): Promise<QueueCounts>

  /** The schedules of a queue by name. */
  schedules(input: { readonly queue: string }, call: Call): Promise<{ readonly items: readonly Schedule[] }>

  /** @throws QUEUE_SCHEDULE_NOT_FOUND */
  schedule(input: ScheduleAt, call: Call): Promise<Schedule>

  /**
   * Makes a schedule, which begins at its next tick, or changes one: with the same time it keeps its next tick. A paused one stays so.
   * @throws QUEUE_SCHEDULE_OF_MANIFEST · QUEUE_TOO_MANY_SCHEDULES · what `enqueue` throws of the payload
   */
  putSchedule(input: PutScheduleInput, call: Call): Promise<Schedule & { readonly created: boolean }>

  /** The jobs that it added stay. @throws QUEUE_SCHEDULE_NOT_FOUND · QUEUE_SCHEDULE_OF_MANIFEST */
  dropSchedule(input: ScheduleAt, call: Call): Promise<{ readonly state: 'removed' }>

  /** Ticks that pass while it is paused are no misfires: they are gone. @throws QUEUE_SCHEDULE_NOT_FOUND */
  pauseSchedule(input: ScheduleAt, call: Call): Promise<Schedule>

  /** From its next tick on. @throws QUEUE_SCHEDULE_NOT_FOUND */
  resumeSchedule(input: ScheduleAt, call: Call): Promise<Schedule>

  /** Adds a job of it now, also while it is paused; its ticks come as before. @throws QUEUE_SCHEDULE_NOT_FOUND */
  runSchedule(input: ScheduleAt, call: Call): Promise<Job>
}
