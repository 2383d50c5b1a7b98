import type { Clock } from '../../clock.ts'
import type { AddedRow } from './driver.ts'
import type { QueueRules } from './keys.ts'
import type { NewJob } from './operations.ts'
import { checkText, judgePayload, parseTime, refuse } from './payload.ts'
import { rankOf } from './states.ts'

/** Where a job stands in its caller's input. */
export interface JobPlace {
  readonly operation: string
  /** `/jobs/3`, or nothing. */
  readonly path: string
  readonly queue: string
}

/** A job as it is added. @throws what is wrong with it, by its place. */
export function newRow(job: NewJob, { operation, path, queue }: JobPlace, rules: QueueRules, { clock, newId }: { readonly clock: Clock; readonly newId: () => string }): AddedRow {
  const nowMs = clock.now()
  if (job.delayMs !== undefined && job.runAt !== undefined) refuse(operation, `${path}/runAt`, 'cannot stand beside delayMs')
  checkText(operation, `${path}/idempotencyKey`, job.idempotencyKey, 'name')

  const runAt = job.runAt === undefined ? nowMs + (job.delayMs ?? 0) : parseTime(operation, `${path}/runAt`, job.runAt)
  const { text, lane } = judgePayload(job.payload, { operation, path: `${path}/payload`, queue }, rules)
  const priority = job.priority ?? 0
  const waits = runAt > nowMs
  const deadlineAt = rules.deadlineMs === undefined ? undefined : runAt + rules.deadlineMs
  return {
    id: newId(),
    queue,
    state: waits ? 'scheduled' : 'ready',
    payload: text,
    priority,
    attempt: 0,
    attempts: job.attempts ?? rules.attempts,
    crashes: 0,
    backoff: job.backoff,
    runAt,
    rank: rankOf({ runAt, priority }, rules),
    lane,
    holds: false,
    deadlineAt,
    dueAt: waits ? runAt : deadlineAt,
    // A delay counts by the backend's clock, a time is a time.
    ...(waits && job.delayMs !== undefined && { delayMs: job.delayMs, dueAt: undefined }),
    enqueuedAt: nowMs,
    errors: [],
    key: job.idempotencyKey,
    answers: [],
    revision: 1,
  }
}
