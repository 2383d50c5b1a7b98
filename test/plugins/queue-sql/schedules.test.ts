import test from 'ava'
import type { Call } from '../../../kernel/plugin.ts'
import { databaseError } from '../../../kernel/ports/database.ts'
import type { QueueCapability, ScheduleRow } from '../../../kernel/ports/queue/index.ts'
import { defaultRules } from '../../../kernel/ports/queue/keys.ts'
import type { ScheduleKeys } from '../../../kernel/ports/queue/schedules/keys.ts'
import { Firing } from '../../../kernel/ports/queue/schedules/firing.ts'
import { followSchedules } from '../../../kernel/ports/queue/schedules/following.ts'
import { makeSpec } from '../../../kernel/ports/queue/schedules/spec.ts'
import { parseTickKey } from '../../../kernel/ports/queue/schedules/tick-key.ts'
import { latestTicks, type Timing } from '../../../kernel/ports/queue/schedules/timing.ts'
import { SqlQueue } from '../../../plugins/queue-sql/driver.ts'
import plugin from '../../../plugins/queue-sql/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { ticksThatAreThere } from '../../contract/queue-ticks.ts'
import { testKernel } from '../../contract/test-kernel.ts'
import { bindQueue, queueKeys } from '../../kernel/ports/queue/bound-queues.ts'
import { startQueues } from './start.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: 'test', text: false, degrade: () => undefined }
const minuteMs = 60_000

/** A generator of its own, so that a failure comes again. */
function makeRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

class Crash extends Error {}

test('of ten thousand ticks each is fired once, by two replicas that pause and crash at random, also over a change of the clocks', async (t) => {
  const clock = new VirtualClock(Date.UTC(2026, 9, 23, 10))
  const { connection, tables } = await startQueues(t, { clock, queues: { emails: {} }, replicas: 0 })
  const random = makeRandom(5)
  let crashes = 0
  /** A replica that may die before the backend hears of a tick, or before it hears the answer. */
  const replica = () => {
    const driver = new SqlQueue(connection, tables)
    return {
      schedules: (own: Call) => driver.schedules(own),
      wake: () => undefined,
      async putSchedule(...given: Parameters<SqlQueue['putSchedule']>) {
        const crash = () => {
          if (random() >= 0.05) return
          crashes++
          throw new Crash()
        }
        crash()
        const written = await driver.putSchedule(...given)
        crash()
        return written
      },
    }
  }
  const replicas = [replica(), replica()]
  const timings: Readonly<Record<string, Timing>> = {
    minute: { everyMs: minuteMs }, even: { everyMs: 90_000 }, berlin: { cron: '*/5 * * * *', timezone: 'Europe/Berlin' }, nightly: { cron: '30 2 * * *', timezone: 'Europe/Berlin' },
  }
  const driver = new SqlQueue(connection, tables)
  const startMs = clock.now()
  await followSchedules({
    driver, log: silentLog,
    keys: { queues: { emails: { schedules: Object.fromEntries(Object.entries(timings).map(([name, timing]) => [name, { ...timing, misfire: 'all' }])) } } },
  }, call)

  const fire = (one: ReturnType<typeof replica>) => new Firing({ driver: one, log: silentLog, rules: () => defaultRules }).fireDue(call).catch((error: unknown) => { if (!(error instanceof Crash)) throw error })
  while (clock.now() < startMs + 4 * 86_400_000) {
    // Mostly awake, now and then away for half an hour.
    await clock.advance(Math.floor(random() * (random() < 0.2 ? 30 : 3) * minuteMs))
    await Promise.all(replicas.filter(() => random() < 0.8).map(fire))
  }
  for (let rest = 0; rest < 20; rest++) await fire(driver as never)

  const rows = await connection.query<{ idempotency_key: string }>(connection.shape((knex) => knex(tables.jobs).select('idempotency_key'))({}), call)
  const fired = new Map<string, number[]>()
  for (const { idempotency_key } of rows) {
    const tick = parseTickKey(idempotency_key)
    if (tick) fired.set(tick.name, [...(fired.get(tick.name) ?? []), Date.parse(tick.at)])
  }
  for (const [name, timing] of Object.entries(timings)) t.deepEqual(fired.get(name)?.toSorted((a, b) => a - b), latestTicks(timing, startMs + 1, clock.now(), 100_000), name)
  t.true(rows.length > 10_000)
  t.true(crashes > 100)
  t.log(`${rows.length} ticks, ${crashes} crashes`)
})

test('a schedule that cannot be read does not hold up the others, and is not asked for again and again', async (t) => {
  const clock = new VirtualClock()
  const { bindings: [queue], connection, tables } = await startQueues(t, { clock, queues: { emails: {} }, replicas: 1 })
  const driver = new SqlQueue(connection, tables)
  await driver.putSchedule({ queue: 'emails', name: 'broken', spec: 'no JSON', nextAt: clock.now(), revision: 1 }, undefined, [], call)
  await queue?.putSchedule({ queue: 'emails', name: 'whole', everyMs: minuteMs })

  await clock.advance(minuteMs)
  await queue?.counts({ queue: 'emails' })

  t.is((await queue?.counts({ queue: 'emails' }))?.ready, 1)
  t.is((await driver.schedules(call)).found.find(({ name }) => name === 'broken')?.revision, 1)
})

test('while ticks are refused, what was kept long enough goes all the same, and each is tried every few seconds', async (t) => {
  const clock = new VirtualClock()
  const { connection, tables } = await startQueues(t, { clock, queues: {}, replicas: 0 })
  const driver = new SqlQueue(connection, tables)
  let tries = 0
  // A disk that is full takes no more rows, but gives some up.
  driver.putSchedule = async (row, expected, jobs, own) => {
    if (jobs.length === 0) return SqlQueue.prototype.putSchedule.call(driver, row, expected, jobs, own)
    tries++
    throw databaseError('main', 'full', 'of a disk')
  }
  const closers: (() => void | Promise<void>)[] = []
  const queue = bindQueue(driver, { keys: queueKeys({ emails: { keep: { done: '10m' } } }), clock, capabilities: plugin.capabilities as readonly QueueCapability[], onClose: (close) => { closers.push(close) } })
  for (let n = 0; n < 8; n++) await queue.putSchedule({ queue: 'emails', name: `s${n}`, everyMs: minuteMs })
  await queue.enqueue({ queue: 'emails', payload: 1 })
  const [lease] = (await queue.lease({ queue: 'emails' })).items
  await queue.ack({ queue: 'emails', token: lease?.token ?? '' })

  await clock.advance(11 * minuteMs)
  await queue.counts({ queue: 'emails' })

  t.is((await queue.counts({ queue: 'emails' })).done, 0)
  const before = tries
  await clock.advance(5_000)
  await queue.counts({ queue: 'emails' })
  t.true(tries > before)
  t.true(tries <= before + 8)
  for (const close of closers) await close()
})

test('a job of a tick that is there already, also in another queue, is left as it is and holds up nothing', async (t) => {
  const { connection, tables } = await startQueues(t, { clock: new VirtualClock(), queues: { emails: {} }, replicas: 0 })

  await ticksThatAreThere(t, new SqlQueue(connection, tables), call)
})

test('schedules that another version wrote are listed and can be replaced, or removed; what cannot be read is left out and fails nothing', async (t) => {
  const clock = new VirtualClock()
  const { bindings: [queue], connection, tables } = await startQueues(t, { clock, queues: { emails: {} }, replicas: 1 })
  if (!queue) throw new Error('it was asked for')
  const driver = new SqlQueue(connection, tables)
  const nextAt = clock.now() + minuteMs
  const date = { ...makeSpec({ everyMs: 1 }, 'http'), timing: { cron: '2030-01-01T00:00:00Z', timezone: 'UTC' } }
  for (const [name, spec] of Object.entries({ date: JSON.stringify(date), broken: 'no JSON' })) await driver.putSchedule({ queue: 'emails', name, spec, nextAt, revision: 1 }, undefined, [], call)
  await queue.putSchedule({ queue: 'emails', name: 'whole', everyMs: 3_600_000 })

  t.deepEqual((await queue.schedules({ queue: 'emails' })).items.map(({ name, next }) => [name, next.length]), [['date', 1], ['whole', 5]])
  t.true((await queue.pauseSchedule({ queue: 'emails', name: 'date' })).paused)
  await t.throwsAsync(queue.resumeSchedule({ queue: 'emails', name: 'date' }), { code: 'INPUT_INVALID' })
  await t.throwsAsync(queue.schedule({ queue: 'emails', name: 'broken' }), { code: 'QUEUE_SCHEDULE_NOT_FOUND' })
  await t.notThrowsAsync(followSchedules({ driver, keys: { queues: { emails: { schedules: {} } } }, log: silentLog }, call))
  t.is((await queue.putSchedule({ queue: 'emails', name: 'date', everyMs: minuteMs })).everyMs, minuteMs)
  t.is((await queue.resumeSchedule({ queue: 'emails', name: 'date' })).next.length, 5)
  t.deepEqual(await queue.dropSchedule({ queue: 'emails', name: 'broken' }), { state: 'removed' })
})

test('at a start the schedules become those of the manifest', async (t) => {
  const clock = new VirtualClock()
  const { connection, tables } = await startQueues(t, { clock, queues: {}, replicas: 0 })
  const driver = new SqlQueue(connection, tables)
  const follow = (emails: Readonly<Record<string, ScheduleKeys>>) => followSchedules({ driver, keys: { queues: { emails: { schedules: emails } } }, log: silentLog }, call)
  const rows = async () => new Map((await driver.schedules(call)).found.map((row) => [row.name, row]))
  await follow({ kept: { everyMs: minuteMs, payload: 1 }, moved: { cron: '0 3 * * *' }, gone: { everyMs: minuteMs } })
  const ofHttp = { spec: JSON.stringify(makeSpec({ everyMs: minuteMs }, 'http')), nextAt: clock.now() + minuteMs, revision: 1 }
  for (const place of [{ queue: 'emails', name: 'own' }, { queue: 'old', name: 'orphan' }]) t.true(await driver.putSchedule({ ...place, ...ofHttp }, undefined, [], call))
  const before = await rows()

  await follow({ kept: { everyMs: minuteMs, payload: 1 }, moved: { cron: '0 3 * * *' }, gone: { everyMs: minuteMs } })
  t.deepEqual(before.get('kept'), (await rows()).get('kept'))

  // While nobody was there two ticks passed, and the manifest was changed.
  await clock.advance(2 * minuteMs + 1)
  await follow({ kept: { everyMs: minuteMs, payload: 2 }, moved: { cron: '0 4 * * *' }, new: { everyMs: minuteMs } })

  const after: ReadonlyMap<string, ScheduleRow> = await rows()
  t.deepEqual([...after.keys()].toSorted(), ['kept', 'moved', 'new', 'orphan', 'own'])
  t.is(after.get('kept')?.nextAt, before.get('kept')?.nextAt)
  t.is(after.get('moved')?.nextAt, Date.UTC(2026, 10, 22, 4))
  t.is(after.get('new')?.nextAt, Date.UTC(2026, 10, 21, 10, 3))
  t.is(after.get('own')?.nextAt, before.get('own')?.nextAt)
  t.is(after.get('orphan')?.nextAt, undefined)
})

test('a schedule of the manifest fires from the start on, though nobody calls, and over HTTP it can be paused, not changed', async (t) => {
  const queues = { emails: { schedules: { beat: { every: '1m', payload: { a: 1 }, misfire: 'all' }, nightly: { cron: '0 3 * * *', timezone: 'Europe/Berlin' } } } }
  const { ports, clock, close } = await testKernel({ version: 1, name: 'ticks', connections: { main: { use: 'sqlite', with: { file: 'queue.db' } } }, ports: { queue: { on: 'main', queues } } })
  t.teardown(close)
  const at = { queue: 'emails', name: 'beat' }

  await clock.advance(3 * minuteMs + 1_000)

  t.like(await ports.queue.counts({ queue: 'emails' }), { ready: 3 })
  t.like(await ports.queue.schedule(at), { origin: 'manifest', misfire: 'all', lastAt: '2026-11-21T10:03:00.000Z' })
  t.deepEqual((await ports.queue.schedule({ ...at, name: 'nightly' })).next.slice(0, 1), ['2026-11-22T02:00:00.000Z'])
  await t.throwsAsync(ports.queue.putSchedule({ ...at, everyMs: minuteMs }), { code: 'QUEUE_SCHEDULE_OF_MANIFEST' })
  await t.throwsAsync(ports.queue.dropSchedule(at), { code: 'QUEUE_SCHEDULE_OF_MANIFEST' })
  t.true((await ports.queue.pauseSchedule(at)).paused)
})
