import { backoffMs } from '../../resilience/backoff.ts'
import { isoTime } from '../time.ts'
import type { JobRow, VerbAnswer } from './driver.ts'
import type { QueueRules } from './keys.ts'
import { withError } from './kept-errors.ts'
import type { JobProgress } from './operations.ts'

/** How long the repeat of a verb is answered, and so how long a finished job is kept at least. */
export const repeatMs = 600_000

const maxAnswers = 32

/** Where a job stands in line: a point of priority goes before whatever comes up to `ageingMs` later. */
export function rankOf({ runAt, priority }: Pick<JobRow, 'runAt' | 'priority'>, { ageingMs }: Pick<QueueRules, 'ageingMs'>): number {
  return runAt - priority * ageingMs
}

/** Whether a job that is not active keeps its lane from the others: where one runs after another, one that was begun comes first. */
function keepsLane({ lane, attempt }: Pick<JobRow, 'lane' | 'attempt'>, { limits }: QueueRules): boolean {
  return lane !== undefined && limits?.perKey === 1 && attempt > 0
}

/** True while the token's lease is in force; a cancelled job keeps its lease until it ends, to tell its worker. */
export function holds(row: JobRow, token: string, nowMs: number): boolean {
  return row.token === token && row.leaseUntil !== undefined && row.leaseUntil > nowMs
}

/** What the verb answered with this token before; undefined when it did not, or too long ago. */
export function answerBefore(row: JobRow, verb: VerbAnswer['verb'], token: string, nowMs: number): VerbAnswer['answer'] | undefined {
  return row.answers.find((kept) => kept.token === token && kept.verb === verb && kept.untilMs > nowMs)?.answer
}

export function ackedBefore(row: JobRow, token: string, nowMs: number): boolean {
  return row.state === 'done' && row.token === token && row.finishedAt !== undefined && row.finishedAt + repeatMs > nowMs
}

/** How long a finished job is kept. */
export function keepMs(state: 'done' | 'dead' | 'cancelled', { keep }: QueueRules): number {
  return Math.max(repeatMs, state === 'dead' ? keep.deadMs : keep.doneMs)
}

function finished(row: JobRow, state: 'dead' | 'cancelled', atMs: number, rules: QueueRules): JobRow {
  return { ...row, state, finishedAt: atMs, dueAt: atMs + keepMs(state, rules), holds: false }
}

/** In line, until it is leased or given up. */
function ready(row: JobRow, rules: QueueRules): JobRow {
  return { ...row, state: 'ready', dueAt: row.deadlineAt, holds: keepsLane(row, rules) }
}

const deadlinePassed = { message: 'the deadline of the whole job passed', code: 'QUEUE_DEADLINE_PASSED' } as const

const unleased = { token: undefined, leaseUntil: undefined, worker: undefined } as const

function withAnswer(row: JobRow, answer: VerbAnswer, nowMs: number): readonly VerbAnswer[] {
  return [...row.answers.filter((kept) => kept.untilMs > nowMs), answer].slice(-maxAnswers)
}

export interface Failure {
  readonly error: { readonly message: string; readonly code?: string }
  readonly retryInMs?: number
  readonly dead?: boolean
}

/** The attempt failed. `random` is in [0, 1). */
export function failed(row: JobRow, token: string, { error, retryInMs, dead }: Failure, at: { nowMs: number; random: number; rules: QueueRules }): JobRow {
  const { nowMs, rules } = at
  const errors = withError(row.errors, { at: isoTime(nowMs), attempt: row.attempt, ...error })
  const answered = (answer: VerbAnswer['answer']) => withAnswer(row, { token, verb: 'fail', answer, untilMs: nowMs + repeatMs }, nowMs)

  if (dead === true || row.attempt >= row.attempts) {
    return { ...finished(row, 'dead', nowMs, rules), ...unleased, errors, answers: answered({ state: 'dead' }) }
  }
  const runAt = nowMs + (retryInMs ?? backoffMs(row.backoff ?? rules.backoff, row.attempt, at.random))
  if (row.deadlineAt !== undefined && runAt >= row.deadlineAt) {
    const late = { ...deadlinePassed, message: 'its next attempt would come after the deadline of the whole job', at: isoTime(nowMs), attempt: row.attempt }
    return { ...finished(row, 'dead', nowMs, rules), ...unleased, errors: withError(errors, late), answers: answered({ state: 'dead' }) }
  }
  return {
    ...row, ...unleased, state: 'scheduled', runAt, dueAt: runAt, rank: rankOf({ ...row, runAt }, rules), holds: keepsLane(row, rules),
    errors, answers: answered({ state: 'scheduled', runAt: isoTime(runAt) }),
  }
}

/** Back to its place in the queue, as if it had not been leased. */
export function released(row: JobRow, token: string, nowMs: number, rules: QueueRules): JobRow {
  const answers = withAnswer(row, { token, verb: 'release', answer: { state: 'ready' }, untilMs: nowMs + repeatMs }, nowMs)
  return ready({ ...row, ...unleased, attempt: row.attempt - 1, answers }, rules)
}

export function extended(row: JobRow, nowMs: number, leaseMs: number, progress: JobProgress | undefined): JobRow {
  const until = Math.min(nowMs + leaseMs, row.deadlineAt ?? Number.POSITIVE_INFINITY)
  return { ...row, leaseUntil: until, dueAt: until, progress: progress ?? row.progress }
}

/**
 * Its lease ended without a verb: a crash. The attempt stays counted, for nobody knows how far it came, and the job is
 * ready again at once; it is dead when this was its last attempt or the queue's `maxCrashes`th crash.
 */
export function crashed(row: JobRow, rules: QueueRules): JobRow {
  const atMs = row.leaseUntil ?? row.runAt
  const message = `the lease ended without a word from ${row.worker === undefined ? 'its worker' : `worker ${row.worker}`}`
  const after: JobRow = {
    ...row, ...unleased, crashes: row.crashes + 1, errors: withError(row.errors, { at: isoTime(atMs), attempt: row.attempt, message, code: 'QUEUE_WORKER_LOST' }),
  }
  if (after.deadlineAt !== undefined && after.deadlineAt <= atMs) return givenUp(after, rules)
  if (after.crashes >= rules.maxCrashes || after.attempt >= after.attempts) return finished(after, 'dead', atMs, rules)
  return ready(after, rules)
}

/** Its deadline passed. */
function givenUp(row: JobRow, rules: QueueRules): JobRow {
  const atMs = row.deadlineAt ?? row.runAt
  return finished({ ...row, errors: withError(row.errors, { ...deadlinePassed, at: isoTime(atMs), attempt: row.attempt }) }, 'dead', atMs, rules)
}

/** What becomes of a job whose time in its state is over: a lease without a word, or a deadline. */
export function lapsed(row: JobRow, rules: QueueRules): JobRow {
  return row.state === 'active' ? crashed(row, rules) : givenUp(row, rules)
}

/** The lease of an active job stays, so that its worker's `extend` hears of it. */
export function cancelled(row: JobRow, nowMs: number, rules: QueueRules): JobRow {
  return finished(row, 'cancelled', nowMs, rules)
}

interface Redrive {
  readonly queue: string
  readonly payload: string
  readonly lane: string | undefined
  readonly runAt: number
  /** Of that queue. */
  readonly rules: QueueRules
}

/** A dead job with all its attempts before it, and all its time. In another queue its idempotency key means nothing. */
export function redriven(row: JobRow, nowMs: number, { queue, payload, lane, runAt, rules }: Redrive): JobRow {
  const waits = runAt > nowMs
  const deadlineAt = rules.deadlineMs === undefined ? undefined : runAt + rules.deadlineMs
  return {
    ...row,
    queue, payload, lane, runAt, deadlineAt,
    key: queue === row.queue ? row.key : undefined,
    state: waits ? 'scheduled' : 'ready',
    rank: rankOf({ ...row, runAt }, rules),
    dueAt: waits ? runAt : deadlineAt,
    attempt: 0,
    crashes: 0,
    finishedAt: undefined,
    progress: undefined,
  }
}

/** The row as it is at `nowMs`, also when no one has noticed yet that its time came. */
export function settled(row: JobRow, nowMs: number, rules: QueueRules): JobRow {
  if (row.dueAt === undefined || row.dueAt > nowMs) return row
  if (row.state === 'scheduled') return ready(row, rules)
  return row.state === 'active' || row.state === 'ready' ? lapsed(row, rules) : row
}
