import type { Call } from '../../../call.ts'
import { unsupported } from '../../../errors.ts'
import { makeUuids } from '../../uuid.ts'
import type { AddedRow } from '../driver.ts'
import { toJob } from '../job.ts'
import { newRow } from '../new-job.ts'
import type { NewJob, QueueOperations } from '../operations.ts'
import type { BrokerContext } from './context.ts'
import { toState } from './envelope.ts'

/** After its time a job takes this long through the broker, more or less, until it is in line. */
export const arrivalMs = 150

/** `enqueue` and `enqueueMany`: the jobs are judged before any of them is sent. */
export function adding(context: BrokerContext): Pick<QueueOperations, 'enqueue' | 'enqueueMany'> {
  const { driver, binding, clock } = context
  const newId = makeUuids(clock)

  async function add(operation: string, queue: string, jobs: readonly NewJob[], call: Call): Promise<readonly AddedRow[]> {
    if (call.unit) throw unsupported('queue', { binding, what: `${operation} in a unit of work`, capability: 'units' })
    const rules = context.rulesOf(queue)
    const rows = jobs.map((job, index) => newRow(job, { operation, path: operation === 'enqueue' ? '' : `/jobs/${index}`, queue }, rules, { time: clock, newId }))
    const nowMs = clock.now()
    await driver.send(rows.map((row) => ({ queue, to: 'queue', id: row.id, payload: row.payload, state: toState(row), delayMs: Math.max(0, row.runAt - nowMs) })), call)

    const figures = context.figures(queue)
    if (figures) figures.enqueued.value += rows.length
    if (rows.some(({ state }) => state === 'ready')) driver.wake(queue)
    const waits = rows.filter(({ state }) => state === 'scheduled').map(({ runAt }) => runAt - nowMs)
    if (waits.length > 0) context.wakeIn(queue, Math.min(...waits) + arrivalMs)
    return rows
  }

  return {
    async enqueue(input, call) {
      const [row] = await add('enqueue', input.queue, [input], call)
      if (!row) throw new RangeError('one job in, none out')
      return { ...toJob(row, call.text), repeated: false }
    },

    async enqueueMany(input, call) {
      const rows = await add('enqueueMany', input.queue, input.jobs, call)
      return { items: rows.map((row) => toJob(row, call.text)) }
    },
  }
}
