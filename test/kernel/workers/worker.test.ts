import test, { type ExecutionContext } from 'ava'
import { kernelError } from '../../../kernel/errors.ts'
import type { Bound } from '../../../kernel/index.ts'
import type { Log } from '../../../kernel/plugin.ts'
import { queueError } from '../../../kernel/ports/queue/errors.ts'
import type { Outcome } from '../../../kernel/workers/outcome.ts'
import { SteadyClock } from '../../../kernel/workers/steady-clock.ts'
import { Worker, type WorkerParts } from '../../../kernel/workers/worker.ts'
import { silentLog } from '../../contract/log.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { gate, startWork, until } from './start.ts'

const at = { queue: 'emails' }
const capabilities = ['inspect', 'delay', 'retryAt', 'priority', 'extend', 'pause', 'cancel', 'units', 'repeatable']
const down = () => Promise.reject(kernelError('BINDING_UNAVAILABLE', { binding: 'queue' }))

interface Made extends Partial<Omit<WorkerParts, 'operations'>> {
  readonly operations?: (queue: Bound['queue']) => Partial<WorkerParts['operations']>
}

/** A worker over a real queue; `operations` stand between the two. */
async function work(t: ExecutionContext, run: WorkerParts['run'], more: Made = {}) {
  const { queue, clock } = await startWork(t, undefined, { queues: { emails: { attempts: 3, maxCrashes: 5, backoff: { initial: '0ms' } } } })
  const worker = new Worker({
    name: 'w1', binding: 'queue', queue: 'emails', capabilities: new Set(capabilities), concurrency: 1, leaseMs: 3_000, run, clock, log: silentLog, random: () => 0.5, hide: (text) => text,
    ...more, operations: { ...queue, ...more.operations?.(queue) },
  })
  t.teardown(async () => {
    let isDrained = false
    void worker.drain(0).then(() => { isDrained = true })
    await until(async () => { await clock.advance(100); return isDrained })
  })
  worker.start()
  return { worker, queue, clock }
}

/** Moves on in small steps, so that what a timer began is done before the next one. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.advance(100)
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const done: Outcome = { kind: 'done' }

test('a lease that nobody could renew is over when its time is: its work is told, and nothing is kept of it', async (t) => {
  const reasons: unknown[] = []
  const { queue, clock } = await work(t, async (job, { signal }) => {
    if (job.attempt > 1) return done
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    reasons.push(signal.reason)
    return { kind: 'done', result: 'too late' }
  }, { operations: () => ({ extend: down }) })
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(async () => (await queue.get({ ...at, id })).state === 'active')

  await pass(clock, 2_900)
  t.is(reasons.length, 0)
  await pass(clock, 200)

  t.like(reasons[0], { code: 'QUEUE_LEASE_LOST' })
  await until(async () => { await clock.advance(100); return (await queue.get({ ...at, id })).state === 'done' })
  t.like(await queue.get({ ...at, id }), { attempt: 2, crashes: 1, result: undefined })
})

test('a renewal that is refused ends the work at once', async (t) => {
  const aborted = gate()
  const { queue, clock, worker } = await work(t, async (_, { signal }) => {
    signal.addEventListener('abort', aborted.open)
    await aborted.opened
    throw new Error('stopped')
  }, { operations: () => ({ extend: () => Promise.reject(queueError('QUEUE_LEASE_LOST', { queue: 'emails', id: 'x' })) }) })
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)

  await pass(clock, 1_000)
  await aborted.opened

  t.deepEqual((await queue.get({ ...at, id })).errors, [])
})

test('a lease is never renewed twice at once, however slow the backend is', async (t) => {
  let renewing = 0
  let most = 0
  let renewals = 0
  let slowToken: string | undefined
  const slow = gate()
  const hold = gate()
  const { queue, clock, worker } = await work(t, () => hold.opened.then(() => done), {
    concurrency: 2,
    operations: () => ({
      extend: async ({ leaseMs, token }) => {
        slowToken ??= token
        // The other job's renewals go on, and the first is looked at with each.
        if (token === slowToken) {
          renewals++
          most = Math.max(most, ++renewing)
          if (renewals === 1) await slow.opened
          renewing--
        }
        return { expiresInMs: leaseMs, signal: null }
      },
    }),
  })
  await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)
  await pass(clock, 500)
  await queue.enqueue({ ...at, payload: 2 })
  await until(() => worker.state.running === 2)

  await pass(clock, 2_300)
  t.is(renewals, 1)
  slow.open()
  await pass(clock, 200)
  // Counted from when it was asked for, its next one is due at once.
  t.is(renewals, 2)
  await pass(clock, 800)
  t.is(renewals, 2)
  await pass(clock, 200)
  t.is(renewals, 3)
  t.is(most, 1)
  hold.open()
})

test('one timer renews the leases of all jobs, and none is left when they are done', async (t) => {
  const hold = gate()
  let extended = 0
  const { queue, clock, worker } = await work(t, () => hold.opened.then(() => done), {
    concurrency: 50, operations: () => ({ extend: async ({ leaseMs }) => { extended++; return { expiresInMs: leaseMs, signal: null } } }),
  })
  let timers = 0
  const after = clock.after.bind(clock)
  await queue.enqueueMany({ ...at, jobs: Array.from({ length: 50 }, (_, payload) => ({ payload })) })
  await until(() => worker.state.running === 50)
  clock.after = (ms, task) => { timers++; return after(ms, task) }

  await clock.advance(1_000)
  await until(() => extended === 50)

  t.true(timers <= 3, String(timers))
  clock.after = after
  hold.open()
  await until(async () => (await queue.counts(at)).done === 50)
})

test('while the backend is down it is asked ever more seldom, and told about once', async (t) => {
  const lines: string[] = []
  const log: Log = { ...silentLog, warn: (_, message) => { lines.push(message) }, info: (_, message) => { lines.push(message) }, child: () => log }
  let asked = 0
  let isDown = true
  const { queue, clock } = await work(t, async () => done, { log, operations: (real) => ({ lease: (input, options) => { asked++; return isDown ? down() : real.lease(input, options) } }) })

  await pass(clock, 60_000)
  const duringOutage = asked
  isDown = false
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(async () => { await clock.advance(1_000); return (await queue.get({ ...at, id })).state === 'done' })

  t.true(duringOutage >= 5 && duringOutage <= 12, String(duringOutage))
  t.deepEqual(lines, ['no jobs could be leased; it is tried again', 'jobs are leased again'])
})

test('an acknowledgement is said again until the backend hears it', async (t) => {
  let acks = 0
  let runs = 0
  const { queue, clock } = await work(t, async () => { runs++; return { kind: 'done', result: 7 } }, { operations: (real) => ({ ack: (input, options) => (++acks < 4 ? down() : real.ack(input, options)) }) })
  const { id } = await queue.enqueue({ ...at, payload: 1 })

  await until(async () => { await clock.advance(100); return (await queue.get({ ...at, id })).state === 'done' })

  t.like(await queue.get({ ...at, id }), { result: 7, attempt: 1, crashes: 0 })
  t.deepEqual([acks, runs], [4, 1])
})

test('where a lease cannot be extended it lasts as long as it was granted for', async (t) => {
  let aborted = false
  const { queue, clock, worker } = await work(t, async (_, { signal }) => {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    aborted = true
    return done
  }, { capabilities: new Set(capabilities.filter((one) => one !== 'extend')), operations: () => ({ extend: () => Promise.reject(new Error('asked all the same')) }) })
  await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)

  await pass(clock, 2_900)
  t.false(aborted)
  await pass(clock, 200)

  t.true(aborted)
})

test('a time for the next attempt that the driver cannot set is told and left out', async (t) => {
  const lines: string[] = []
  const log: Log = { ...silentLog, warn: (_, message) => { lines.push(message) }, child: () => log }
  const { queue } = await work(t, async ({ attempt }) => (attempt > 1 ? done : { kind: 'failed', error: { message: 'later' }, retryInMs: 60_000 }), { log, capabilities: new Set(['extend', 'inspect']) })
  const { id } = await queue.enqueue({ ...at, payload: 1 })

  await until(async () => (await queue.get({ ...at, id })).state === 'done')

  t.true(lines.includes('the driver cannot set the time of the next attempt; it follows the backoff'))
})

test('jobs that a lease brings when the worker has ended are given back', async (t) => {
  const asked = gate()
  const go = gate()
  const { queue, worker } = await work(t, () => Promise.reject(new Error('it ran')), {
    operations: (real) => ({ lease: async ({ waitMs: _, ...input }) => { asked.open(); await go.opened; return real.lease(input) } }),
  })
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await asked.opened

  const drained = worker.drain(0)
  go.open()
  await drained

  t.like(await queue.get({ ...at, id }), { state: 'ready', attempt: 0, errors: [] })
})

test('a delivery that is told to end where a queue cannot be paused takes no more jobs', async (t) => {
  const { queue, worker } = await work(t, async () => ({ kind: 'released', stop: 'gone' }), { capabilities: new Set(['extend', 'inspect']), operations: () => ({ pause: () => Promise.reject(new Error('asked all the same')) }) })
  await queue.enqueueMany({ ...at, jobs: [{ payload: 1 }, { payload: 2 }] })

  await until(async () => worker.state.state === 'stopped' && (await queue.counts(at)).ready === 2)

  t.is(worker.state.reason, 'gone')
})

test('an attempt whose time is over is told to stop, and has failed 5 seconds later although its work hangs', async (t) => {
  let reason: unknown
  const { queue, clock, worker } = await work(t, (job, { signal }) => {
    if (job.payload !== 'hangs') return Promise.resolve(done)
    signal.addEventListener('abort', () => { reason = signal.reason })
    return new Promise(() => undefined)
  }, { timeoutMs: 10_000 })
  const { id } = await queue.enqueue({ ...at, payload: 'hangs', attempts: 1 })
  await until(() => worker.state.running === 1)
  const { id: next } = await queue.enqueue({ ...at, payload: 'is done' })

  await pass(clock, 9_900)
  t.is(reason, undefined)
  await pass(clock, 100)
  t.like(reason, { name: 'JobFailure', code: 'QUEUE_ATTEMPT_TIMEOUT' })
  await pass(clock, 4_900)
  t.like(await queue.get({ ...at, id }), { state: 'active', errors: [] })
  await pass(clock, 100)

  await until(async () => (await queue.get({ ...at, id: next })).state === 'done')
  const { state, crashes, errors: [error] } = await queue.get({ ...at, id })
  t.deepEqual([state, crashes, error?.code, worker.state.running], ['dead', 0, 'QUEUE_ATTEMPT_TIMEOUT', 0])
})

test('what ends when its time is over has failed of that at once, and what is done by then is done', async (t) => {
  const { queue, clock, worker } = await work(t, async (job, { signal }) => {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    if (job.payload === 'stops') throw new Error('stopped')
    return done
  }, { timeoutMs: 10_000, concurrency: 2 })
  const { items } = await queue.enqueueMany({ ...at, jobs: [{ payload: 'stops', attempts: 1 }, { payload: 'ends' }] })
  await until(() => worker.state.running === 2)

  await pass(clock, 10_000)

  await until(() => worker.state.running === 0)
  const [stopped, ended] = await Promise.all(items.map(({ id }) => queue.get({ ...at, id })))
  t.like(stopped, { state: 'dead', errors: [{ code: 'QUEUE_ATTEMPT_TIMEOUT' }] })
  t.like(ended, { state: 'done', errors: [] })
})

test('work that hangs on a lease that was lost is let go when its time is over', async (t) => {
  const { queue, clock, worker } = await work(t, (job) => (job.attempt === 1 ? new Promise(() => undefined) : Promise.resolve(done)), {
    timeoutMs: 10_000, operations: () => ({ extend: () => Promise.reject(queueError('QUEUE_LEASE_LOST', { queue: 'emails', id: 'x' })) }),
  })
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)

  await pass(clock, 14_900)
  t.is(worker.state.running, 1)
  await pass(clock, 200)

  await until(async () => (await queue.get({ ...at, id })).state === 'done')
  t.is(worker.state.running, 0)
})

test('a steady time never goes back, and has passed what a timer waited for', async (t) => {
  const clock = new VirtualClock()
  const steady = new SteadyClock(clock)
  const set = setClock(clock)
  const startMs = steady.now()

  await clock.advance(1_000)
  t.is(steady.now() - startMs, 1_000)
  set(-60_000)
  t.is(steady.now() - startMs, 1_000)
  await clock.advance(500)
  t.is(steady.now() - startMs, 1_500)

  let atMs = 0
  steady.after(2_000, () => { atMs = steady.now() - startMs })
  set(-60_000)
  await clock.advance(2_000)
  t.is(atMs, 3_500)
  set(500_000)
  t.is(steady.now() - startMs, 503_500)
})

/** The system's clock as somebody sets it: timers go on as they were. */
function setClock(clock: VirtualClock): (byMs: number) => void {
  const now = clock.now.bind(clock)
  let shiftMs = 0
  clock.now = () => now() + shiftMs
  return (byMs) => { shiftMs += byMs }
}

test('a clock that is set forward, or a process that was stopped, asks the backend before it gives a lease up', async (t) => {
  const hold = gate()
  let extended = 0
  const { queue, clock, worker } = await work(t, () => hold.opened.then(() => done), { operations: () => ({ extend: async ({ leaseMs }) => { extended++; return { expiresInMs: leaseMs, signal: null } } }) })
  await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)

  setClock(clock)(3_600_000)
  await pass(clock, 1_000)
  t.is(extended, 1)
  await pass(clock, 1_100)
  t.is(extended, 2)

  hold.open()
})

test('a clock that is set forward ends no attempt before its time', async (t) => {
  const hold = gate()
  let isTold = false
  const { queue, clock, worker } = await work(t, async (_, { signal }) => {
    signal.addEventListener('abort', () => { isTold = true })
    await hold.opened
    return done
  }, { timeoutMs: 10_000, operations: () => ({ extend: async ({ leaseMs }) => ({ expiresInMs: leaseMs, signal: null }) }) })
  await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)

  setClock(clock)(3_600_000)
  await pass(clock, 9_000)
  t.false(isTold)
  await pass(clock, 1_000)
  t.true(isTold)

  hold.open()
})

test('a clock that is set back neither keeps a lease from being renewed nor makes it longer', async (t) => {
  const hold = gate()
  const aborted = gate()
  let extended = 0
  let isDown = false
  const { queue, clock, worker } = await work(t, async (_, { signal }) => {
    signal.addEventListener('abort', aborted.open)
    await hold.opened
    return done
  }, { operations: () => ({ extend: async ({ leaseMs }) => { extended++; return isDown ? down() : { expiresInMs: leaseMs, signal: null } } }) })
  await queue.enqueue({ ...at, payload: 1 })
  await until(() => worker.state.running === 1)

  setClock(clock)(-3_600_000)
  await pass(clock, 2_100)
  t.is(extended, 2)

  isDown = true
  let isAborted = false
  void aborted.opened.then(() => { isAborted = true })
  await pass(clock, 2_500)
  t.false(isAborted)
  await pass(clock, 600)
  t.true(isAborted)
  hold.open()
})

test('a backend that hangs does not hold up a shutdown', async (t) => {
  const asked = gate()
  const { worker, clock } = await work(t, async () => done, { operations: () => ({ lease: () => { asked.open(); return new Promise(() => undefined) } }) })
  await asked.opened

  let isDrained = false
  const drained = worker.drain(500).then(() => { isDrained = true })
  await pass(clock, 900)
  t.false(isDrained)
  await pass(clock, 200)
  await drained
  t.true(isDrained)
})
