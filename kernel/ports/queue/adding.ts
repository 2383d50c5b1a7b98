import type { Call } from '../../call.ts'
import { makeUnit, type Unit } from '../../binding/unit.ts'
import { isPorticoError } from '../../errors.ts'
import { makeUuids } from '../uuid.ts'
import { maxBytesAtOnce, mayBeCut } from './at-once.ts'
import type { QueueContext } from './context.ts'
import type { AddedRow, JobRow } from './driver.ts'
import { queueError } from './errors.ts'
import { toJob } from './job.ts'
import { newRow } from './new-job.ts'
import type { NewJob, QueueOperations } from './operations.ts'
import { added as noteAdded, QueueStage } from './stage.ts'

/** How often a key that another process takes at the same moment is looked up again. */
const maxRaces = 5

interface Added {
  readonly row: JobRow
  readonly repeated: boolean
}

/** `enqueue` and `enqueueMany`. */
export function adding(context: QueueContext): Pick<QueueOperations, 'enqueue' | 'enqueueMany'> {
  const { driver, time } = context
  const newId = makeUuids(time)

  /** Judges all jobs, then adds those whose key is not known, in the caller's unit or one of their own. */
  async function add(operation: string, queue: string, jobs: readonly NewJob[], call: Call): Promise<readonly Added[]> {
    const rules = context.rulesOf(queue)
    await time.know(driver, call)
    const rows = jobs.map((job, index) => newRow(job, { operation, path: operation === 'enqueue' ? '' : `/jobs/${index}`, queue }, rules, { time, newId }))
    if (call.unit) {
      QueueStage.ofCaller(call.unit, context, operation)
      return stage(call.unit, queue, rows, call)
    }
    if (driver.add && rows.every(({ key }) => key === undefined)) {
      await driver.add(rows, call)
      noteAdded(context, rows)
      return rows.map((row) => ({ row, repeated: false }))
    }

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
    if (keys.length > 1 && mayBeCut([...known.values()])) throw queueError('QUEUE_KNOWN_JOBS_TOO_LARGE', { queue, maxBytes: maxBytesAtOnce })

    const { rows: staged } = QueueStage.in(unit, context)
    if (keys.length > 0) for (const row of staged) if (row.queue === queue && row.key !== undefined) known.set(row.key, row)

    return rows.map((row) => {
      const first = row.key === undefined ? undefined : known.get(row.key)
      if (first) return { row: first, repeated: true }
      staged.push(row)
      if (row.key !== undefined) known.set(row.key, row)
      return { row, repeated: false }
    })
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
