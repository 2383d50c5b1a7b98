import type { ExecutionContext } from 'ava'
import type { Call } from '../../kernel/plugin.ts'
import type { AddedRow, RowQueue } from '../../kernel/ports/queue/index.ts'

/** One for each statement that a driver may add many jobs by, and some. */
const ticks = 60

const idOf = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const rowOf = (n: number): AddedRow => ({
  id: idOf(n), queue: 'emails', state: 'ready', payload: '1', priority: 0, attempt: 0, attempts: 8, crashes: 0, runAt: n, rank: n, holds: false, enqueuedAt: 5, errors: [], answers: [],
  key: `$schedule/beat/${n}`, revision: 1,
})

/** A job of a tick that is there already, also in another queue and without its key, is left as it is, and the others are added. */
export async function ticksThatAreThere<Step>(t: ExecutionContext, driver: RowQueue<Step>, call: Call): Promise<void> {
  const schedule = { queue: 'emails', name: 'beat', spec: '{}', nextAt: 7, revision: 1 }
  const leased = async (queue: string) => (await driver.lease({ queue, max: 100, leaseMs: 60_000, token: `of ${queue}` }, call))?.found.map(({ id }) => id)
  await driver.commits.commit(driver.insert([{ ...rowOf(1), queue: 'parking', key: undefined }]), call)

  t.true(await driver.putSchedule(schedule, undefined, [], call))
  t.true(await driver.putSchedule({ ...schedule, nextAt: 8, revision: 2 }, 1, [rowOf(1), rowOf(2)], call))
  t.true(await driver.putSchedule({ ...schedule, nextAt: 9, revision: 3 }, 2, Array.from({ length: ticks }, (_, n) => rowOf(n + 1)), call))
  t.false(await driver.putSchedule({ ...schedule, nextAt: 10, revision: 4 }, 2, [rowOf(2), rowOf(ticks + 1)], call))

  t.deepEqual((await driver.schedules(call)).found, [{ ...schedule, nextAt: 9, revision: 3 }])
  await driver.putSchedule({ ...schedule, name: 'other' }, undefined, [], call)
  t.deepEqual((await driver.schedules(call, { queue: 'emails', name: 'beat' })).found.map(({ name, revision }) => [name, revision]), [['beat', 3]])
  t.deepEqual((await driver.schedules(call, { queue: 'parking', name: 'beat' })).found, [])
  t.deepEqual(await leased('parking'), [idOf(1)])
  t.deepEqual(await leased('emails'), Array.from({ length: ticks - 1 }, (_, n) => idOf(n + 2)))
}
