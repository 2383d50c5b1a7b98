import type { PorticoError } from '../../kernel/plugin.ts'
import type { Schedule } from '../../kernel/ports/queue/index.ts'
import { type BoundQueue, promise, type QueueCase } from './queue-case.ts'

const at = { queue: 'emails', name: 'beat' }
const everySecond = { ...at, everyMs: 1_000, misfire: 'all', payload: { beat: true } } as const
const yearly = { ...at, cron: '0 0 1 1 *', timezone: 'Europe/Berlin' } as const

/** The ticks of all jobs that wait, oldest first, once what is due was fired. */
async function ticksOf(queue: BoundQueue): Promise<readonly string[]> {
  await queue.schedules({ queue: 'emails' })
  const { items } = await queue.list({ queue: 'emails', state: 'ready', limit: 1_000 })
  return items.flatMap(({ schedule }) => (schedule?.name === 'beat' ? schedule.at : [])).sort()
}

const ascending = (times: readonly string[]) => times.every((time, index) => index === 0 || time > (times[index - 1] ?? ''))

export const scheduleCases: readonly QueueCase[] = [
  promise('a schedule adds a job at each of its ticks, and the job says which', ['schedules', 'inspect'], async (t, { queue, clock }) => {
    const made = await queue.putSchedule(everySecond)
    t.like(made, { ...everySecond, origin: 'http', paused: false, created: true })
    t.is(made.next.length, 5)
    t.true(ascending(made.next))
    t.deepEqual(await ticksOf(queue), [])

    await clock.advance(1_100)
    t.is((await ticksOf(queue))[0], made.next[0])
    await clock.advance(1_100)

    const ticks = await ticksOf(queue)
    t.true(ticks.length >= 2)
    t.deepEqual(ticks.slice(0, 2), made.next.slice(0, 2))
    const [lease] = (await queue.lease({ queue: 'emails' })).items
    t.like(lease?.job, { payload: { beat: true }, attempts: 8, schedule: { name: 'beat', at: made.next[0] } })
    t.is(lease?.job.idempotencyKey, undefined)
    t.true(((await queue.schedule(at)).lastAt ?? '') >= (ticks.at(-1) ?? 'z'))
  }),

  promise('two replicas that look at once fire each tick once', ['schedules', 'inspect'], async (t, { queue, other, clock }) => {
    await queue.putSchedule(everySecond)
    for (let round = 0; round < 3; round++) {
      await clock.advance(1_000)
      await Promise.all([queue, other, queue, other].map((replica) => replica.schedules({ queue: 'emails' })))
    }

    const ticks = await ticksOf(queue)
    t.true(ticks.length >= 3)
    t.is(new Set(ticks).size, ticks.length)
    t.deepEqual(ticks, ticks.map((_, index) => new Date(Date.parse(ticks[0] ?? '') + index * 1_000).toISOString()))
  }),

  promise('a paused schedule fires nothing, and does not catch up when it is resumed', ['schedules', 'inspect'], async (t, { queue, other, clock }) => {
    await queue.putSchedule(everySecond)
    t.like(await other.pauseSchedule(at), { paused: true, next: [] })
    t.true((await other.pauseSchedule(at)).paused)
    await clock.advance(2_500)
    t.deepEqual(await ticksOf(queue), [])

    const { next } = await queue.resumeSchedule(at)
    t.is(next.length, 5)
    t.deepEqual(await queue.resumeSchedule(at).then(({ paused }) => paused), false)
    await clock.advance(1_100)

    t.is((await ticksOf(queue))[0], next[0])
  }),

  promise('a changed schedule keeps its next tick with the same time, and stays paused', ['schedules'], async (t, { queue }) => {
    const { created, ...made } = await queue.putSchedule({ ...yearly, payload: 1 })
    t.true(created)

    t.deepEqual(await queue.putSchedule({ ...yearly, payload: 1 }), { ...made, created: false })
    t.deepEqual(await queue.putSchedule({ ...yearly, payload: 2, priority: 3, misfire: 'skip' }), { ...made, payload: 2, priority: 3, misfire: 'skip', created: false })
    await queue.pauseSchedule(at)
    t.like(await queue.putSchedule({ ...at, everyMs: 60_000 }), { paused: true, next: [], everyMs: 60_000, payload: null, misfire: 'once' })
    t.deepEqual((await queue.schedules({ queue: 'emails' })).items.map(({ name, paused }) => ({ name, paused })), [{ name: 'beat', paused: true }])
    t.deepEqual(await queue.schedules({ queue: 'parking' }), { items: [] })
  }),

  promise('a removed schedule fires no more, and one made again begins at its next tick', ['schedules', 'inspect'], async (t, { queue, other, clock }) => {
    await queue.putSchedule(everySecond)
    t.deepEqual(await other.dropSchedule(at), { state: 'removed' })
    await t.throwsAsync(queue.schedule(at), { code: 'QUEUE_SCHEDULE_NOT_FOUND' })
    await clock.advance(2_100)
    t.deepEqual(await ticksOf(queue), [])

    const { next, created } = await queue.putSchedule(everySecond)
    t.true(created)
    await clock.advance(1_100)
    t.is((await ticksOf(queue))[0], next[0])
  }),

  promise('a schedule can be run now, also while it is paused, and its ticks come as before', ['schedules'], async (t, { queue }) => {
    const { next } = await queue.putSchedule({ ...yearly, payload: { now: 1 }, attempts: 2 })
    await queue.pauseSchedule(at)

    const job = await queue.runSchedule(at)

    t.like(job, { state: 'ready', payload: { now: 1 }, attempts: 2, schedule: { name: 'beat' } })
    t.is((await queue.lease({ queue: 'emails' })).items[0]?.job.id, job.id)
    t.deepEqual((await queue.resumeSchedule(at)).next, next)
  }),

  promise('a schedule that is run many times at once adds a job each time', ['schedules', 'inspect'], async (t, { queue, other }) => {
    await queue.putSchedule(yearly)

    const jobs = await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? queue : other).runSchedule(at)))

    t.is(new Set(jobs.map(({ id }) => id)).size, 12)
    t.true(jobs.every(({ schedule }) => schedule?.name === 'beat'))
    t.is((await queue.counts({ queue: 'emails' })).ready, 12)
  }),

  promise('a time that is none is refused with its place', ['schedules'], async (t, { queue }) => {
    const wrong: readonly (readonly [Partial<Schedule>, string])[] = [
      [{}, ''], [{ cron: '0 3 * * *', everyMs: 1_000 }, '/everyMs'], [{ everyMs: 1_000, timezone: 'UTC' }, '/timezone'],
      [{ everyMs: 1_000, payload: 'x'.repeat(65_535) }, '/payload'],
      ...['60 * * * *', '0 0 30 2 *', '* * * * * *', '2030-01-01T00:00:00Z', '2020-01-01T00:00:00', '@daily', '0 0 L * *', '0 0 * * 1#2'].map((cron) => [{ cron }, '/cron'] as const),
      [{ cron: '0 3 * * *', timezone: 'Europe/Berlni' }, '/timezone'],
    ]
    for (const [given, path] of wrong) {
      const error = await t.throwsAsync(queue.putSchedule({ ...at, ...given }), { code: 'INPUT_INVALID' })
      t.deepEqual((error as Partial<PorticoError>).errors?.map((one) => one.path), [path], JSON.stringify(given))
    }
    await t.throwsAsync(queue.putSchedule({ ...yearly, queue: 'nowhere' }), { code: 'QUEUE_NOT_FOUND' })
    await t.throwsAsync(queue.putSchedule({ ...yearly, name: '_run' }), { code: 'INPUT_INVALID' })
    await t.throwsAsync(queue.putSchedule({ ...yearly, payload: 'x'.repeat(1024 ** 2) }), { code: 'QUEUE_PAYLOAD_TOO_LARGE' })
    t.deepEqual((await queue.schedules({ queue: 'emails' })).items, [])
    t.true((await queue.putSchedule({ ...yearly, payload: 'x'.repeat(65_534) })).created)
  }),

  promise('what is asked of a schedule that is not there is told so', ['schedules'], async (t, { queue }) => {
    const none = { code: 'QUEUE_SCHEDULE_NOT_FOUND' }

    for (const ask of [queue.schedule, queue.dropSchedule, queue.pauseSchedule, queue.resumeSchedule, queue.runSchedule]) await t.throwsAsync(ask(at), none)
  }),

  promise('no key of a caller can stand for a tick', ['schedules', 'idempotency'], async (t, { queue }) => {
    await t.throwsAsync(queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: '$schedule/beat/2026-11-21T10:00:01.000Z' }), { code: 'INPUT_INVALID' })
  }),
]
