import test, { type ExecutionContext } from 'ava'
import { Meters } from '../../../../kernel/binding/meters.ts'
import type { Log } from '../../../../kernel/plugin.ts'
import { Depth } from '../../../../kernel/ports/queue/depth.ts'
import { ownCall } from '../../../../kernel/ports/queue/upkeep.ts'
import { testKernel } from '../../../contract/index.ts'
import { VirtualClock } from '../../../contract/clock.ts'

const manifest = {
  version: 1, name: 'shop',
  ports: {
    queue: {
      use: 'memory',
      queues: { emails: { lease: '10s', attempts: 3, maxCrashes: 2, schedules: { nightly: { every: '1h' } } }, quiet: {} },
    },
  },
}

/** What `/metrics` tells of a queue: name, and what stands beside `binding` and `queue` in its labels → value. */
function told(text: string, queue: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line.startsWith('portico_queue_') && line.includes(`binding="queue",queue="${queue}"`))
  return Object.fromEntries(lines.map((line) => {
    const [, name = '', more = '', value = ''] = /^portico_queue_(\w+)\{binding="queue",queue="\w+",?(.*)\} (\S+)$/.exec(line) ?? []
    return [more === '' ? name : `${name} ${more}`, Number(value)]
  }))
}

async function start(t: ExecutionContext) {
  const { kernel, ports: { queue }, clock, close } = await testKernel(manifest)
  t.teardown(close)
  const lease = async () => {
    const { items: [one] } = await queue.lease({ queue: 'emails' })
    if (!one) throw new Error('no job was ready')
    return { queue: 'emails', token: one.token }
  }
  return { kernel, queue, clock, lease, metrics: async (of = 'emails') => told(await kernel.metrics(), of) }
}

test('a queue that nothing happened to tells zeros, so that the first of each is seen to come', async (t) => {
  const { metrics } = await start(t)

  t.deepEqual(await metrics('quiet'), {
    enqueued_total: 0, attempts_total: 0, done_total: 0, failures_total: 0, releases_total: 0, lost_leases_total: 0, crashes_total: 0, dead_letters_total: 0,
    'jobs state="scheduled"': 0, 'jobs state="ready"': 0, 'jobs state="active"': 0, 'jobs state="done"': 0, 'jobs state="dead"': 0, 'jobs state="cancelled"': 0,
    oldest_ready_seconds: 0,
  })
})

test('wait is from when a job could run, and run time from its lease to its verb', async (t) => {
  const { queue, clock, lease, metrics } = await start(t)
  await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 60_000 })
  await clock.advance(60_000 + 700)

  const held = await lease()
  await clock.advance(3_000)
  await queue.extend({ ...held, leaseMs: 10_000 })
  await clock.advance(4_000)
  await queue.ack(held)

  t.like(await metrics(), {
    enqueued_total: 1, attempts_total: 1, done_total: 1,
    wait_duration_seconds_sum: 0.7, wait_duration_seconds_count: 1, 'wait_duration_seconds_bucket le="0.5"': 0, 'wait_duration_seconds_bucket le="1"': 1,
    run_duration_seconds_sum: 7, run_duration_seconds_count: 1,
  })
})

test('a job that was given back, and one whose worker was lost, wait from then on', async (t) => {
  const { queue, clock, lease, metrics } = await start(t)
  await queue.enqueue({ queue: 'emails', payload: 1 })
  await clock.advance(1_000)
  const given = await lease()
  await clock.advance(5_000)
  await queue.release(given)
  await clock.advance(2_000)

  await lease()
  t.like(await metrics(), { releases_total: 1, wait_duration_seconds_sum: 3, run_duration_seconds_sum: 5 })

  await clock.advance(10_000 + 4_000)
  await lease()
  t.like(await metrics(), { attempts_total: 3, crashes_total: 1, wait_duration_seconds_sum: 7, wait_duration_seconds_count: 3 })
})

test('failures, lost leases, crashes and dead letters are counted once each, whatever is repeated', async (t) => {
  const { queue, clock, lease, metrics } = await start(t)
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1, idempotencyKey: 'a' }, { payload: 1, idempotencyKey: 'a' }, { payload: 2 }] })

  const failing = await lease()
  for (let times = 0; times < 3; times++) await queue.fail({ ...failing, error: { message: 'no' }, dead: true })
  t.like(await metrics(), { enqueued_total: 2, failures_total: 1, dead_letters_total: 1, lost_leases_total: 0 })

  const late = await lease()
  await clock.advance(10_000)
  await t.throwsAsync(queue.ack(late), { code: 'QUEUE_LEASE_LOST' })
  // What is no token never was a lease.
  for (const token of ['x', `${late.token}x`]) await t.throwsAsync(queue.ack({ queue: 'emails', token }), { code: 'QUEUE_LEASE_LOST' })
  await lease()
  await clock.advance(10_000)
  await queue.counts({ queue: 'emails' })
  t.like(await metrics(), { attempts_total: 3, lost_leases_total: 1, crashes_total: 2, dead_letters_total: 2, done_total: 0 })
})

test('in a unit of work jobs and acks count when it is committed, and a lost lease when it is refused', async (t) => {
  const { kernel, queue, clock, lease, metrics } = await start(t)
  await queue.enqueue({ queue: 'emails', payload: 1 })
  const held = await lease()
  const unit = kernel.unit()
  await queue.ack(held, { unit })
  await queue.enqueue({ queue: 'emails', payload: 2 }, { unit })
  t.like(await metrics(), { enqueued_total: 1, done_total: 0 })

  await unit.commit()
  t.like(await metrics(), { enqueued_total: 2, done_total: 1, run_duration_seconds_count: 1 })

  const late = kernel.unit()
  await queue.ack(await lease(), { unit: late })
  await clock.advance(10_000)
  await t.throwsAsync(late.commit(), { code: 'QUEUE_LEASE_LOST' })
  t.like(await metrics(), { done_total: 1, lost_leases_total: 1 })
})

test('what a schedule adds is counted', async (t) => {
  const { clock, metrics } = await start(t)

  await clock.advance(2 * 3_600_000)

  t.is((await metrics())['enqueued_total'], 2)
})

test('depth and the age of the oldest are those of the backend, and asked for every 5 seconds at most', async (t) => {
  const { queue, clock, metrics } = await start(t)
  await metrics()
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3, delayMs: 60_000 }] })
  await clock.advance(4_999)
  t.is((await metrics())['jobs state="ready"'], 0)

  await clock.advance(1)

  t.like(await metrics(), { 'jobs state="ready"': 2, 'jobs state="scheduled"': 1, oldest_ready_seconds: 5 })
})

test('what no one declares gets no figures', async (t) => {
  const { kernel, queue } = await start(t)

  await t.throwsAsync(queue.enqueue({ queue: 'nobody', payload: 1 }), { code: 'QUEUE_NOT_FOUND' })

  t.false((await kernel.metrics()).includes('nobody'))
})

/** The depth of two queues over a backend that answers when the test lets it. */
function slow() {
  const clock = new VirtualClock()
  const warned: string[] = []
  const log: Log = { debug: () => undefined, info: () => undefined, warn: (_, message) => void warned.push(message), error: () => undefined, child: () => log }
  const asked: { readonly queue: string; readonly answer: PromiseWithResolvers<number> }[] = []
  const driver = {
    counts: async (queue: string) => {
      const answer = Promise.withResolvers<number>()
      asked.push({ queue, answer })
      return { found: [{ state: 'ready' as const, count: await answer.promise }], nowMs: clock.now() }
    },
  }
  const meters = new Meters('queue', 'queue')
  const depth = new Depth({ driver, clock, log, meters, queues: ['a', 'b'], call: ownCall() })
  const ready = () => Array.from(meters.gauges).filter(({ labels }) => labels['state'] === 'ready').map(({ figure }) => figure.value)
  const answer = async (count: number | Error) => {
    const last = asked.at(-1)
    if (count instanceof Error) last?.answer.reject(count)
    else last?.answer.resolve(count)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { clock, warned, asked, meters, depth, ready, answer }
}

test('without a scrape no backend is asked, and a slow one is asked by one round at a time, the longer it takes the less often', async (t) => {
  const { clock, asked, depth, ready, answer } = slow()
  await clock.advance(3_600_000)
  t.is(asked.length, 0)

  for (let scrapes = 0; scrapes < 10; scrapes++) void depth.look()
  await clock.advance(1_000)
  await answer(1)
  void depth.look()
  t.deepEqual(asked.map(({ queue }) => queue), ['a', 'b'])
  t.deepEqual(ready(), [1, undefined])
  await answer(2)
  t.deepEqual(ready(), [1, 2])

  // It took one second: for twenty from its start it is left alone.
  await clock.advance(18_999)
  void depth.look()
  t.is(asked.length, 2)
  await clock.advance(1)
  void depth.look()
  t.is(asked.length, 3)
})

test('what was counted too long ago is told no more, and the queue behind one that fails has its turn', async (t) => {
  const { clock, warned, asked, depth, ready, answer } = slow()
  void depth.look()
  await answer(1)
  await answer(2)
  await clock.advance(120_000)
  void depth.look()
  t.deepEqual(ready(), [1, 2])
  await answer(new Error('down'))
  t.is(warned.length, 1)

  await clock.advance(5_000)
  void depth.look()
  t.deepEqual(ready(), [undefined, undefined])
  t.is(asked.at(-1)?.queue, 'b')
  await answer(3)
  t.deepEqual(ready(), [undefined, 3])
})
