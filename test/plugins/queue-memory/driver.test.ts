import test from 'ava'
import { ticksThatAreThere } from '../../contract/queue-ticks.ts'
import { call } from '../sql-sqlite/connection.ts'
import { startQueues } from './start.ts'

const at = { queue: 'emails' }
const queues = { emails: { keep: { done: '1h' } } }
const full = { code: 'QUEUE_FULL' }
const small = 65_536
const heavy = 'x'.repeat(10_000)

test('a full queue refuses what would take more, keeps what it has, and hands it out', async (t) => {
  const { queue } = startQueues(t, queues, small)
  for (let n = 0; n < 5; n++) await queue.enqueue({ ...at, payload: heavy })

  await t.throwsAsync(queue.enqueue({ ...at, payload: heavy }), full)
  await t.throwsAsync(queue.enqueueMany({ ...at, jobs: [{ payload: 1 }, { payload: heavy }] }), full)

  t.is((await queue.counts(at)).ready, 5)
  t.is((await queue.lease({ ...at, max: 10 })).items.length, 5)
})

test('when no more can be added, workers still end what they have', async (t) => {
  const { queue } = startQueues(t, queues, small)
  for (let n = 0; n < 5; n++) await queue.enqueue({ ...at, payload: heavy })
  await t.throwsAsync(async () => { for (;;) await queue.enqueue({ ...at, payload: 'x'.repeat(500) }) }, full)
  const [done, failing, given, big] = (await queue.lease({ ...at, max: 4 })).items

  t.deepEqual(await queue.ack({ ...at, token: done?.token ?? '' }), { state: 'done' })
  t.is((await queue.fail({ ...at, token: failing?.token ?? '', error: { message: 'no route' }, retryInMs: 1 })).state, 'scheduled')
  t.deepEqual(await queue.release({ ...at, token: given?.token ?? '' }), { state: 'ready' })
  // But not what has no bound of its own.
  await t.throwsAsync(queue.ack({ ...at, token: big?.token ?? '', result: heavy }), full)
  t.deepEqual(await queue.ack({ ...at, token: big?.token ?? '' }), { state: 'done' })
})

test('a job whose worker was lost in a full queue comes back all the same', async (t) => {
  const { queue, clock, driver } = startQueues(t, queues, small)
  for (let n = 0; n < 5; n++) await queue.enqueue({ ...at, payload: heavy })
  await t.throwsAsync(async () => { for (;;) await queue.enqueue({ ...at, payload: 'x'.repeat(500) }) }, full)
  const [first, ...rest] = (await queue.lease({ ...at, max: 10, leaseMs: 1_000 })).items
  // What a worker leaves may fill it to the last bytes.
  await queue.ack({ ...at, token: first?.token ?? '', result: 'x'.repeat(small - driver.sizeBytes - 500) })

  await clock.advance(1_000)

  const again = await queue.lease({ ...at, max: 10 })
  t.true(driver.sizeBytes > small)
  t.deepEqual(again.items.map(({ job }) => job.crashes), rest.map(() => 1))
})

test('a tick that finds no room is tried again, and holds up no other', async (t) => {
  const { queue, clock } = startQueues(t, queues, 2 * small)
  await queue.putSchedule({ ...at, name: 'a-heavy', everyMs: 60_000, payload: heavy })
  await queue.putSchedule({ ...at, name: 'b-light', everyMs: 60_000 })
  await t.throwsAsync(async () => { for (;;) await queue.enqueue({ ...at, payload: heavy }) }, full)

  await clock.advance(60_000)
  const names = async () => (await queue.list({ ...at, limit: 100 })).items.flatMap(({ schedule }) => schedule?.name ?? [])
  await queue.counts(at)
  t.deepEqual(await names(), ['b-light'])

  for (const { token } of (await queue.lease({ ...at, max: 2 })).items) await queue.ack({ ...at, token })
  for (const { id } of (await queue.list({ ...at, state: 'done' })).items) await queue.discard({ ...at, id })
  await clock.advance(5_000)
  await queue.counts(at)
  t.deepEqual((await names()).toSorted(), ['a-heavy', 'b-light'])
})

test('a job of a tick that is there already, also in another queue, is left as it is and holds up nothing', async (t) => {
  const { driver } = startQueues(t, { emails: {}, parking: {} })

  await ticksThatAreThere(t, driver, call())
})

test('what was kept long enough makes room when room is needed', async (t) => {
  const { queue, clock } = startQueues(t, queues, small)
  for (let n = 0; n < 5; n++) await queue.enqueue({ ...at, payload: heavy })
  for (const { token } of (await queue.lease({ ...at, max: 3 })).items) await queue.ack({ ...at, token })
  await t.throwsAsync(queue.enqueue({ ...at, payload: heavy }), full)

  await clock.advance(3_600_000)

  for (let n = 0; n < 3; n++) await t.notThrowsAsync(queue.enqueue({ ...at, payload: heavy }))
  await t.throwsAsync(queue.enqueue({ ...at, payload: heavy }), full)
})

test('whatever happened to jobs, an empty queue takes no room', async (t) => {
  const { queue, clock, driver } = startQueues(t, { emails: {}, ordered: { limits: { perKey: 1, key: '$.of' } } })
  for (const name of ['emails', 'ordered']) {
    await queue.enqueueMany({ queue: name, jobs: Array.from({ length: 20 }, (_, n) => ({ payload: { of: n % 3 }, idempotencyKey: `k${n}`, priority: n % 2, delayMs: (n % 4) * 100 })) })
    for (let round = 0; round < 30; round++) {
      await clock.advance(50)
      for (const [index, { token, job }] of (await queue.lease({ queue: name, max: 3, requestId: `r${round}`, leaseMs: 100 })).items.entries()) {
        if (index === 0) await queue.ack({ queue: name, token, result: round })
        else if (round % 3 === 0) await queue.fail({ queue: name, token, error: { message: 'x' }, retryInMs: 10 })
        else if (round % 3 === 1) await queue.release({ queue: name, token })
        else await queue.discard({ queue: name, id: job.id })
      }
    }
  }
  t.true(driver.sizeBytes > 0)

  await clock.advance(90 * 86_400_000)
  for (const name of ['emails', 'ordered']) for (let left = 40; left > 0; left--) for (const { job } of (await queue.lease({ queue: name, max: 100 })).items) await queue.discard({ queue: name, id: job.id })
  await clock.advance(90 * 86_400_000)
  await queue.counts(at)
  await clock.advance(90 * 86_400_000)
  await queue.counts(at)

  t.is(driver.sizeBytes, 0)
})

test('so many may wait and no more; whoever comes then is told when to come again, and one who left makes room', async (t) => {
  const { queue } = startQueues(t, queues)
  const leaving = new AbortController()
  const most = 4_096
  const waiting = Array.from({ length: most }, (_, n) => queue.lease({ ...at, waitMs: 20_000 }, n === 0 ? { signal: leaving.signal } : {}))
  await new Promise((resolve) => setTimeout(resolve, 100))

  const refused = await t.throwsAsync(queue.lease({ ...at, waitMs: 20_000 }), { code: 'QUEUE_TOO_MANY_WAITING' })
  t.like(refused, { retryable: true, retryAfterMs: 1_000 })
  t.deepEqual((await queue.lease(at)).items, [], 'who does not wait is served all the same')

  leaving.abort()
  await waiting[0]?.catch(() => undefined)
  const late = queue.lease({ ...at, waitMs: 20_000 })
  for (let n = 0; n < most; n += 512) await queue.enqueueMany({ ...at, jobs: Array.from({ length: 512 }, (_, one) => ({ payload: n + one })) })
  const items = (await Promise.all([...waiting.slice(1), late])).flatMap((answer) => answer.items)
  t.is(new Set(items.map(({ job }) => job.id)).size, most)
})
