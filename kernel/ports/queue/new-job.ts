import type { Clock } from '../../clock.ts'
import type { AddedRow } from './driver.ts'
import type { QueueRules } from './keys.ts'
import type { NewJob } from './operations.ts'
import { checkText, judgePayload, type JudgedPayload, parseTime, refuse } from './payload.ts'
import { tickKeyPrefix } from './schedules/tick-key.ts'
import { rankOf } from './states.ts'

/** Where a job stands in its caller's input. */
export interface JobPlace {
  readonly operation: string
  /** `/jobs/3`, or nothing. */
  readonly path: string
  readonly queue: string
}

/** A job as it is added. @throws what is wrong with it, by its place. */
export function newRow(job: NewJob, { operation, path, queue }: JobPlace, rules: QueueRules, { time, newId }: { readonly time: Pick<Clock, 'now'>; readonly newId: () => string }): AddedRow {
  const nowMs = time.now()
  if (job.delayMs !== undefined && job.runAt !== undefined) refuse(operation, `${path}/runAt`, 'cannot stand beside delayMs')
  checkText(operation, `${path}/idempotencyKey`, job.idempotencyKey, 'name')

  if (job.idempotencyKey?.startsWith(tickKeyPrefix)) refuse(operation, `${path}/idempotencyKey`, `must not begin with ${tickKeyPrefix}, as the keys of ticks do`)

  // A time that is over means now: whoever gives an old one does not go before all who wait, and has not waited since.
  const runAt = job.runAt === undefined ? nowMs + (job.delayMs ?? 0) : Math.max(nowMs, parseTime(operation, `${path}/runAt`, job.runAt))
  const judged = judgePayload(job.payload, { operation, path: `${path}/payload`, queue }, rules)
  return addedRow({ id: newId(), queue, ...judged, nowMs, runAt, delayMs: job.delayMs, priority: job.priority, attempts: job.attempts, backoff: job.backoff, key: job.idempotencyKey }, rules)
}

interface Wanted extends JudgedPayload, Pick<AddedRow, 'id' | 'queue' | 'runAt' | 'backoff' | 'key' | 'delayMs'> {
  readonly nowMs: number
  readonly priority: number | undefined
  readonly attempts: number | undefined
}

/** A job as it is added, of what was judged. */
export function addedRow({ id, queue, text, lane, nowMs, runAt, delayMs, priority = 0, attempts, backoff, key }: Wanted, rules: QueueRules): AddedRow {
  const waits = runAt > nowMs
  const deadlineAt = rules.deadlineMs === undefined ? undefined : runAt + rules.deadlineMs
  return {
    id,
    queue,
    state: waits ? 'scheduled' : 'ready',
    payload: text,
    priority,
    attempt: 0,
    attempts: attempts ?? rules.attempts,
    crashes: 0,
    backoff,
    runAt,
    rank: rankOf({ runAt, priority }, rules),
    lane,
    holds: false,
    deadlineAt,
    dueAt: waits ? runAt : deadlineAt,
    // A delay counts by the backend's clock, a time is a time.
    ...(waits && delayMs !== undefined && { delayMs, dueAt: undefined }),
    enqueuedAt: nowMs,
    errors: [],
    key,
    answers: [],
    revision: 1,
  }
}
