import type { Backoff } from '../../kernel/plugin.ts'
import type { AddedRow, JobError, JobProgress, JobRow, JobState, VerbAnswer } from '../../kernel/ports/queue/index.ts'
import type { SqlValue } from '../../kernel/ports/sql/index.ts'

/** A row of the jobs' table. */
export interface StoredJob {
  readonly id: string
  readonly queue: string
  readonly state: JobState
  readonly payload: string
  readonly result: string | null
  readonly priority: number
  readonly rank: number
  readonly lane: string | null
  readonly place: number | null
  readonly attempt: number
  readonly attempts: number
  readonly crashes: number
  readonly backoff: string | null
  readonly progress: string | null
  readonly run_at: number
  readonly due_at: number | null
  readonly deadline_at: number | null
  readonly enqueued_at: number
  readonly finished_at: number | null
  readonly errors: string
  readonly answers: string
  readonly idempotency_key: string | null
  readonly token: string | null
  readonly ended_by: string | null
  readonly lease_until: number | null
  readonly worker: string | null
  readonly revision: number
  /** The database's time, where the statement asks for it. */
  readonly now?: number
}

/** Of `place`. */
export const inLine = 0
export const holding = 1
export const setAside = 2

const given = <T>(value: T | null): T | undefined => value ?? undefined
const list = <T>(stored: string): readonly T[] => (stored === '[]' ? [] : (JSON.parse(stored) as readonly T[]))
const parsed = <T>(stored: string | null): T | undefined => (stored === null ? undefined : (JSON.parse(stored) as T))

export function toRow(stored: StoredJob): JobRow {
  return {
    id: stored.id,
    queue: stored.queue,
    state: stored.state,
    payload: stored.payload,
    result: given(stored.result),
    priority: stored.priority,
    rank: stored.rank,
    lane: given(stored.lane),
    holds: stored.place === holding,
    attempt: stored.attempt,
    attempts: stored.attempts,
    crashes: stored.crashes,
    backoff: parsed<Backoff>(stored.backoff),
    progress: parsed<JobProgress>(stored.progress),
    runAt: stored.run_at,
    dueAt: given(stored.due_at),
    deadlineAt: given(stored.deadline_at),
    enqueuedAt: stored.enqueued_at,
    finishedAt: given(stored.finished_at),
    errors: list<JobError>(stored.errors),
    answers: list<VerbAnswer>(stored.answers),
    key: given(stored.idempotency_key),
    token: given(stored.token ?? stored.ended_by),
    leaseUntil: given(stored.lease_until),
    worker: given(stored.worker),
    revision: stored.revision,
  }
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value))
const array = (values: readonly unknown[]): string => (values.length === 0 ? '[]' : JSON.stringify(values))

/** What a change may write; the rest of a row stays as it was added. */
export type MutableColumn =
  | 'queue' | 'state' | 'payload' | 'line' | 'rank' | 'lane' | 'place' | 'deadline_at' | 'attempt' | 'crashes' | 'progress' | 'run_at' | 'due_at' | 'finished_at' | 'listed_at' | 'errors' | 'answers'
  | 'idempotency_key' | 'token' | 'ended_by' | 'lease_until' | 'worker' | 'size'

export function mutableValues(row: JobRow): Record<MutableColumn, SqlValue> {
  const finished = row.finishedAt !== undefined
  const lane = finished ? undefined : row.lane
  return {
    queue: row.queue,
    state: row.state,
    payload: row.payload,
    line: row.state === 'ready' ? row.queue : null,
    rank: row.rank,
    lane: lane ?? null,
    place: lane === undefined ? null : row.holds ? holding : inLine,
    deadline_at: row.deadlineAt ?? null,
    attempt: row.attempt,
    crashes: row.crashes,
    progress: json(row.progress),
    run_at: row.runAt,
    due_at: row.dueAt ?? null,
    finished_at: row.finishedAt ?? null,
    listed_at: row.finishedAt ?? row.enqueuedAt,
    errors: array(row.errors),
    answers: array(row.answers),
    idempotency_key: row.key ?? null,
    token: finished ? null : (row.token ?? null),
    ended_by: finished ? (row.token ?? null) : null,
    lease_until: row.leaseUntil ?? null,
    worker: row.worker ?? null,
    size: row.payload.length,
  }
}

/** What is written of a new job; nothing has happened to it, and the rest of its row says so. */
export const addedColumns = [
  'id', 'queue', 'state', 'payload', 'line', 'priority', 'rank', 'lane', 'place', 'attempts', 'backoff', 'run_at', 'due_at', 'deadline_at', 'enqueued_at', 'listed_at', 'idempotency_key', 'size',
] as const

/** `delay` is no column: a job with one is due so long after the database's time. */
export type AddedColumn = (typeof addedColumns)[number] | 'delay'

export function addedValues(row: AddedRow): Record<AddedColumn, SqlValue> {
  return {
    id: row.id,
    queue: row.queue,
    state: row.state,
    payload: row.payload,
    line: row.state === 'ready' ? row.queue : null,
    priority: row.priority,
    rank: row.rank,
    lane: row.lane ?? null,
    place: row.lane === undefined ? null : inLine,
    attempts: row.attempts,
    backoff: json(row.backoff),
    run_at: row.runAt,
    due_at: row.dueAt ?? null,
    deadline_at: row.deadlineAt ?? null,
    enqueued_at: row.enqueuedAt,
    listed_at: row.enqueuedAt,
    idempotency_key: row.key ?? null,
    size: row.payload.length,
    delay: row.delayMs ?? null,
  }
}
