import type { Call } from '../../call.ts'
import type { Commits } from '../../binding/unit.ts'
import type { Backoff } from '../../resilience/backoff.ts'
import type { BrokerQueue } from './broker/driver.ts'
import type { JobError, JobProgress, JobState } from './operations.ts'

/** What a verb answered, kept for its repeat. */
export interface VerbAnswer {
  readonly token: string
  readonly verb: 'fail' | 'release'
  readonly answer: { readonly state: 'scheduled' | 'dead' | 'ready'; readonly runAt?: string }
  /** Until when the repeat is answered. */
  readonly untilMs: number
}

/** A job as a backend keeps it. Instants are milliseconds since the epoch. */
export interface JobRow {
  readonly id: string
  readonly queue: string
  readonly state: JobState
  /** JSON as text. */
  readonly payload: string
  readonly priority: number
  readonly attempt: number
  readonly attempts: number
  readonly crashes: number
  /** The job's own; the queue's when absent. */
  readonly backoff?: Backoff | undefined
  readonly progress?: JobProgress | undefined
  readonly runAt: number
  /** Its place in line, in milliseconds: of two ready jobs the one with the smaller rank is leased first, of equal ones the smaller id. */
  readonly rank: number
  /** What `perKey` counts by; a job of a queue with that limit has one, and of a finished one it need not be kept. */
  readonly lane?: string | undefined
  /** It takes one of its lane's places: it is active, or, where a lane has one place, it was leased before and is to be again. */
  readonly holds: boolean
  /** When it is given up whatever its state. By the backend's clock. */
  readonly deadlineAt?: number | undefined
  /** When the state ends by itself: a scheduled job is ready, a ready one is given up, a lease is over, a finished job is removed. By the backend's clock. */
  readonly dueAt?: number | undefined
  readonly enqueuedAt: number
  readonly finishedAt?: number | undefined
  /** JSON as text. */
  readonly result?: string | undefined
  readonly errors: readonly JobError[]
  readonly key?: string | undefined
  /** Of the lease that holds it, or of the one that ended it: it stays on a done and on a cancelled job. */
  readonly token?: string | undefined
  readonly leaseUntil?: number | undefined
  readonly worker?: string | undefined
  readonly answers: readonly VerbAnswer[]
  /** Changes with every change of the row. */
  readonly revision: number
}

/** A job to add, ready or scheduled, that nothing has happened to yet: with `delayMs` it is due that long after the moment the backend adds it. */
export type AddedRow = JobRow & { readonly delayMs?: number | undefined }

/** Rows, and the backend's time when it read them. */
export interface Seen<T> {
  readonly found: T
  readonly nowMs: number
}

/** How many jobs of a queue may be active at once, and how many leases it grants, over all replicas. */
export interface LeaseLimits {
  readonly concurrent?: number
  /** Places of each lane: no more of its jobs hold at once. */
  readonly perKey?: number
  /** A bucket of `jobs` leases that fills evenly over `perMs`. */
  readonly rate?: { readonly jobs: number; readonly perMs: number }
}

export interface LeaseWanted {
  readonly queue: string
  readonly max: number
  readonly leaseMs: number
  readonly token: string
  readonly worker?: string | undefined
  /** Keeps the token under this request for 10 minutes, when it got a job. */
  readonly requestId?: string | undefined
  /** `limits` */
  readonly limits?: LeaseLimits | undefined
}

/** What a lease got. */
export interface Leased extends Seen<readonly JobRow[]> {
  /** Nothing was leased, and the rate lets a job through after so long. */
  readonly againInMs?: number | undefined
}

export interface Acked {
  readonly id: string
  readonly queue: string
  readonly token: string
  readonly result?: string | undefined
  readonly keepMs: number
  /** The queue has lanes: when the job held a place, the next of its lane comes into line. */
  readonly lanes: boolean
}

/** A schedule as a backend keeps it. */
export interface ScheduleRow {
  readonly queue: string
  readonly name: string
  /** JSON as text: what it enqueues, when, and where it stands. */
  readonly spec: string
  /** When it fires next; undefined while it is paused. */
  readonly nextAt?: number | undefined
  /** Counts its changes, from 1. */
  readonly revision: number
}

export type ScheduleName = Pick<ScheduleRow, 'queue' | 'name'>

/** Jobs of one queue and state, the latest first by (`at`, `id`); `at` is `finishedAt`, or `enqueuedAt` without one. */
export interface JobRange {
  readonly queue: string
  readonly state: JobState
  readonly fromMs: number
  /** Exclusive. */
  readonly toMs: number
  /** Only what comes after this one. */
  readonly after?: { readonly at: number; readonly id: string } | undefined
  readonly limit: number
}

/** The earliest time of each kind; undefined when there is none. */
export interface Due {
  readonly scheduled?: number | undefined
  /** Of a lease's end, or of a ready job's deadline. */
  readonly lapsing?: number | undefined
  readonly finished?: number | undefined
  /** Of a schedule. */
  readonly tick?: number | undefined
  /** Of the queues that were asked for, those that are not paused and have a job in line; undefined when it was not looked at. */
  readonly inLine?: readonly string[] | undefined
}

/** That a queue is paused, and why when it was told. */
export interface Pause {
  readonly reason?: string | undefined
}

export interface StateCount {
  readonly state: JobState
  readonly count: number
}

/**
 * The little that a backend must do: keep rows, hand each ready one to one lease, compare and change. What a verb
 * means is decided above it. Enqueue, lease, ack, fail and release need the first group; each other group belongs to
 * capabilities, and is called only when the driver declares them.
 */
export interface RowQueue<Step = unknown> {
  readonly keeps: 'rows'
  /** What commits `insert`'s steps, alone or in a unit of work. A refused unique step means that a key is taken. */
  readonly commits: Commits<Step>
  insert(rows: readonly AddedRow[]): readonly Step[]
  /** The same at once, for rows without keys, which nothing refuses; a driver that has it may gather those of many callers. */
  add?(rows: readonly AddedRow[], call: Call): Promise<void>
  /**
   * Leases up to `max` ready jobs of a queue that is not paused: counts the attempt, sets token, worker and lease end.
   * By rank and id, and no more once their payloads are about 8 MiB; a lease ends no later than the job's deadline.
   * With limits: a job whose lane is full is passed over, and comes into line when one that holds there is finished, or
   * holds no more. Undefined when `requestId` is taken: then `requested` has the answer.
   */
  lease(wanted: LeaseWanted, call: Call): Promise<Leased | undefined>
  /** Makes a job done and removes it `keepMs` later, if the lease is live. False when it is not, and nothing changed. */
  ack(done: Acked, call: Call): Promise<boolean>
  /** `units`: the same as steps of a batch; a refused one means that the lease is not live. */
  ackSteps(done: Acked): readonly Step[]
  read(id: string, call: Call): Promise<Seen<JobRow> | undefined>
  /**
   * Writes each row whose `revision` is still the one it was read with; with `live`, only while its lease lasts.
   * Which were written, in order. Where a row has a lane and holds no place in it any more, the next of that lane comes into line.
   */
  replace(rows: readonly JobRow[], live: boolean, call: Call): Promise<readonly boolean[]>

  /** `idempotency`: the jobs that have these keys; no more of them once they are `maxBytesAtOnce`, when the caller does not want them any more. */
  withKeys(queue: string, keys: readonly string[], call: Call): Promise<readonly JobRow[]>
  /** `repeatable`: what the request leased and still holds; undefined when it is not known. */
  requested(queue: string, requestId: string, call: Call): Promise<Seen<readonly JobRow[]> | undefined>

  /** `inspect`: fewer than `limit` when no more are there, or once they are `maxBytesAtOnce`. */
  page(range: JobRange, call: Call): Promise<readonly JobRow[]>
  counts(queue: string, call: Call): Promise<Seen<readonly StateCount[]> & { readonly oldestReadyAt?: number | undefined }>
  /** `cancel`: removes the row if its `revision` is still this one. */
  remove(row: JobRow, call: Call): Promise<boolean>
  /** `pause`: pauses a queue, or resumes it when `pause` is undefined. One that is paused already keeps its reason unless it is given another. */
  setPaused(queue: string, pause: Pause | undefined, call: Call): Promise<void>
  paused(queue: string, call: Call): Promise<Pause | undefined>

  /** What is due, for a backend that does not see to it by itself. With `waitedOn`, 16 at most, where wake-ups reach this process alone: also `inLine`. */
  due(call: Call, waitedOn?: readonly string[]): Promise<Seen<Due>>
  /** Scheduled jobs that are due become ready; how many, at most `limit`. */
  promote(limit: number, call: Call): Promise<number>
  /** Active jobs whose lease is over, and ready ones whose deadline passed; no more once they are `maxBytesAtOnce`. */
  overdue(limit: number, call: Call): Promise<readonly JobRow[]>
  /** Removes finished jobs, and requests, that were kept long enough; how many jobs, at most `limit`. */
  sweep(limit: number, call: Call): Promise<number>

  /** `schedules`: all of the binding, at most 1,000; or the one that is named, if it is there. */
  schedules(call: Call, only?: ScheduleName): Promise<Seen<readonly ScheduleRow[]>>
  /**
   * Writes a schedule if it is at `expected` still, undefined: if it is not there; and adds these jobs, in the same commit.
   * False when another wrote it meanwhile, and nothing changed. The id of a job of a tick is made of schedule and tick, so that
   * a backend which cannot commit both at once adds it once all the same.
   */
  putSchedule(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[], call: Call): Promise<boolean>
  /** False when it was changed meanwhile, or is gone. */
  dropSchedule(row: ScheduleRow, call: Call): Promise<boolean>

  /** Whom a wake-up reaches: all who share the backend, or this process alone; there, whoever waits is told by a look each second. */
  readonly wakesReach: 'everyone' | 'process'
  /** A wake-up for whoever waits on this queue. Lossy. */
  wake(queue: string): void
  onWake(queue: string, listener: () => void): () => void
}

/** What backs a queue: a backend that keeps rows, or a broker that keeps messages. */
export type QueueDriver<Step = unknown> = RowQueue<Step> | BrokerQueue
