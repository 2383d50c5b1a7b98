import type { Call } from '../../call.ts'
import { makeUnit, type Stage, type Unit } from '../../binding/unit.ts'
import { isPorticoError } from '../../errors.ts'
import { makeUuids } from '../uuid.ts'
import type { QueueContext } from './context.ts'
import type { AddedRow, JobRow, QueueDriver } from './driver.ts'
import { queueError } from './errors.ts'
import { toJob } from './job.ts'
import type { NewJob, QueueOperations } from './operations.ts'
import { checkText, parseTime, refuse, toJsonText } from './payload.ts'

/** How often a key that another process takes at the same moment is looked up again. */
const maxRaces = 5

interface Added {
  readonly row: JobRow
  readonly repeated: boolean
}

/** The jobs that one unit of work adds. */
class AddedJobs implements Stage<unknown> {
  readonly binding: string
  readonly rows: AddedRow[] = []
  readonly #context: QueueContext

  constructor(context: QueueContext) {
    this.#context = context
    this.binding = context.binding
  }

  steps(): ReturnType<QueueDriver['insert']> {
    return this.#context.driver.insert(this.rows)
  }

  refused(): Error {
    return queueError('QUEUE_KEY_RACED', { queue: this.rows.find((row) => row.key !== undefined)?.queue ?? '' })
  }

  committed(): void {
    const { driver, upkeep, clock } = this.#context
    const nowMs = clock.now()
    for (const row of this.rows) if (row.state === 'scheduled') upkeep.note(row.runAt - nowMs)
    for (const queue of new Set(this.rows.filter((row) => row.state === 'ready').map((row) => row.queue))) driver.wake(queue)
  }
}

/** `enqueue` and `enqueueMany`. */
export function adding(context: QueueContext): Pick<QueueOperations, 'enqueue' | 'enqueueMany'> {
  const { driver, clock } = context
  const newId = makeUuids(clock)

  /** Judges all jobs, then adds those whose key is not known, in the caller's unit or one of their own. */
  async function add(operation: string, queue: string, jobs: readonly NewJob[], call: Call): Promise<readonly Added[]> {
    const rows = jobs.map((job, index) => toRow(operation, operation === 'enqueue' ? '' : `/jobs/${index}`, queue, job))
    if (call.unit) return stage(call.unit, queue, rows, call)

    for (let races = 0; ; races++) {
      const unit = makeUnit()
      const added = await stage(unit, queue, rows, call)
      try {
        await unit.commit(call)
        return added
      } catch (error) {
        if (!isPorticoError(error) || error.code !== 'QUEUE_KEY_RACED' || races === maxRaces) throw error
      }
    }
  }

  async function stage(unit: Unit, queue: string, rows: readonly AddedRow[], call: Call): Promise<readonly Added[]> {
    const keys = [...new Set(rows.flatMap((row) => row.key ?? []))]
    const known = new Map<string | undefined, JobRow>()
    if (keys.length > 0) for (const row of await driver.withKeys(queue, keys, call)) known.set(row.key, row)

    const { rows: staged } = unit.join(driver.commits, context.binding, () => new AddedJobs(context))
    if (keys.length > 0) for (const row of staged) if (row.queue === queue && row.key !== undefined) known.set(row.key, row)

    return rows.map((row) => {
      const first = row.key === undefined ? undefined : known.get(row.key)
      if (first) return { row: first, repeated: true }
      staged.push(row)
      if (row.key !== undefined) known.set(row.key, row)
      return { row, repeated: false }
    })
  }

  function toRow(operation: string, path: string, queue: string, job: NewJob): AddedRow {
    const rules = context.rulesOf(queue)
    const nowMs = clock.now()
    if (job.delayMs !== undefined && job.runAt !== undefined) refuse(operation, `${path}/runAt`, 'cannot stand beside delayMs')
    checkText(operation, `${path}/idempotencyKey`, job.idempotencyKey, 'name')

    const runAt = job.runAt === undefined ? nowMs + (job.delayMs ?? 0) : parseTime(operation, `${path}/runAt`, job.runAt)
    const waits = runAt > nowMs
    return {
      id: newId(),
      queue,
      state: waits ? 'scheduled' : 'ready',
      payload: toJsonText(job.payload, { operation, path: `${path}/payload`, queue, maxBytes: rules.maxPayloadBytes }),
      priority: job.priority ?? 0,
      attempt: 0,
      attempts: job.attempts ?? rules.attempts,
      crashes: 0,
      backoff: job.backoff,
      runAt,
      // A delay counts by the backend's clock, a time is a time.
      ...(waits && (job.delayMs === undefined ? { dueAt: runAt } : { delayMs: job.delayMs })),
      enqueuedAt: nowMs,
      errors: [],
      key: job.idempotencyKey,
      answers: [],
      revision: 1,
    }
  }

  return {
    async enqueue(input, call) {
      const [added] = await add('enqueue', input.queue, [input], call)
      if (!added) throw new RangeError('one job in, none out')
      return { ...toJob(added.row, call.text), repeated: added.repeated }
    },

    async enqueueMany(input, call) {
      const added = await add('enqueueMany', input.queue, input.jobs, call)
      return { items: added.map(({ row }) => toJob(row, call.text)) }
    },
  }
}
