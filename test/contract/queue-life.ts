import type { Lease } from '../../kernel/ports/queue/index.ts'
import { type BoundQueue, idsOf, leaseAll, leaseMs, leaseOne, longPromise, lost, moveUntil, near, promise, type QueueCase } from './queue-case.ts'

/** The life of a job where the backend keeps it. */
export const lifeCases: readonly QueueCase[] = [
  promise('what no backend can carry is refused with its place, in what a job may say beside its payload', ['delay', 'priority', 'idempotency', 'deadLetters'], async (t, { queue, clock }) => {
    const refused = async (path: string, adding: Promise<unknown>) => {
      const error = await t.throwsAsync<Error & { errors: { path: string }[] }>(adding, { code: 'INPUT_INVALID' })
      t.is(error?.errors[0]?.path, path)
    }
    await refused('/idempotencyKey', queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'é'.repeat(200) }))
    await refused('/runAt', queue.enqueue({ queue: 'emails', payload: 1, delayMs: 1, runAt: new Date(clock.now()).toISOString() }))
    await refused('/runAt', queue.enqueue({ queue: 'emails', payload: 1, runAt: '2026-02-31T00:00:00.000Z' }))
    await refused('/runAt', queue.enqueue({ queue: 'emails', payload: 1, runAt: 'tomorrow' }))
    await refused('/priority', queue.enqueue({ queue: 'emails', payload: 1, priority: 0.5 }))
    await refused('/payload', queue.redrive({ queue: 'emails', payload: 1 }))
    t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })
  }),

  promise('higher priority first, then the earlier time, then the order of enqueueing', ['priority', 'delay'], async (t, { queue, clock }) => {
    const jobs = [{ payload: 'b' }, { payload: 'c' }, { payload: 'd', priority: -3 }, { payload: 'a', priority: 7 }]
    await queue.enqueueMany({ queue: 'emails', jobs })
    for (const job of [{ payload: 'old', runAt: new Date(clock.now() - 60_000).toISOString() }, { payload: 'late', delayMs: 1_500 }, { payload: 'soon', delayMs: 500 }]) await queue.enqueue({ queue: 'emails', ...job })
    // A stepped clock stands still while a step is waited for.
    for (let step = 0; step < 2; step++) await clock.advance(1_100)

    const { items } = await queue.lease({ queue: 'emails', max: 10 })
    t.deepEqual(items.map(({ job }) => job.payload), ['a', 'b', 'c', 'old', 'soon', 'late', 'd'])
  }),

  promise('a time that is over means now: the job goes before none that waits, and has not waited since', ['delay', 'inspect'], async (t, { queue }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    const old = await queue.enqueue({ queue: 'emails', payload: 2, runAt: '0000-01-01T00:00:00.000Z' })

    t.is(old.state, 'ready')
    t.is(old.runAt, old.enqueuedAt)
    t.true(((await queue.counts({ queue: 'emails' })).oldestReadyMs ?? Infinity) < 60_000)
    t.deepEqual((await leaseAll(queue, { queue: 'emails' })).map(({ job }) => job.payload), [1, 2])
  }),

  promise('a delayed job is scheduled until its time', ['delay', 'inspect'], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 5_000 })
    // Some seconds on: a server's clock may be ahead of one that stood while it was started.
    const at = await queue.enqueue({ queue: 'emails', payload: 2, runAt: new Date(clock.now() + 8_000).toISOString() })
    t.is((await queue.get({ queue: 'emails', id })).state, 'scheduled')
    t.is((await queue.lease({ queue: 'emails' })).items.length, 0)

    await clock.advance(5_000)
    t.is((await queue.get({ queue: 'emails', id })).state, 'ready')
    t.deepEqual(idsOf((await queue.lease({ queue: 'emails', max: 10 })).items), [id])

    await clock.advance(3_000)
    t.deepEqual(idsOf((await queue.lease({ queue: 'emails', max: 10 })).items), [at.id])
  }),

  promise('who waits in another replica gets a delayed job and a retry within about a second of their times', ['delay'], async (t, { queue, other, clock }) => {
    const soon = async (id: string, waiting: Promise<{ readonly items: readonly Lease[] }>) => {
      const beganMs = clock.now()
      await moveUntil(waiting, clock, 1_000)
      const [lease] = (await waiting).items
      t.is(lease?.job.id, id)
      // The usual net is five seconds.
      t.true(clock.now() - beganMs < 4_500, `${clock.now() - beganMs} ms`)
      return lease?.token ?? ''
    }
    const wait = async () => {
      const items = other.lease({ queue: 'emails', waitMs: 15_000 })
      await new Promise((resolve) => setTimeout(resolve, 50))
      return { items }
    }

    const first = await wait()
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 300 })
    await other.release({ queue: 'emails', token: await soon(id, first.items) })

    const { token } = await leaseOne(queue, { queue: 'emails' })
    const second = await wait()
    await queue.fail({ queue: 'emails', token, error: { message: 'x' }, retryInMs: 300 })
    await soon(id, second.items)
  }),

  promise('a known idempotency key answers the first job', ['idempotency'], async (t, { queue }) => {
    const first = await queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'order-1' })
    const again = await queue.enqueue({ queue: 'emails', payload: 2, idempotencyKey: 'order-1' })
    const elsewhere = await queue.enqueue({ queue: 'parking', payload: 3, idempotencyKey: 'order-1' })

    t.deepEqual(again, { ...first, repeated: true })
    t.false(elsewhere.repeated)
    const { items } = await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 4, idempotencyKey: 'order-1' }, { payload: 5, idempotencyKey: 'k' }, { payload: 6, idempotencyKey: 'k' }] })
    t.is(items[0]?.id, first.id)
    t.is(items[1]?.id, items[2]?.id)
    t.is((await queue.lease({ queue: 'emails', max: 10 })).items.length, 2)
  }),

  promise('of many who enqueue one key at once, one adds', ['idempotency'], async (t, { queue, other }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? queue : other).enqueue({ queue: 'emails', payload: at, idempotencyKey: 'one' })))

    t.is(new Set(answers.map(({ id }) => id)).size, 1)
    t.is(answers.filter(({ repeated }) => !repeated).length, 1)
    t.is((await queue.lease({ queue: 'emails', max: 10 })).items.length, 1)
  }),

  promise('a failed attempt comes back after its wait, and is dead after its last', ['inspect'], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'strict', payload: 1 })
    const first = await leaseOne(queue, { queue: 'strict', leaseMs })

    const failed = await queue.fail({ queue: 'strict', token: first.token, error: { message: 'no route', code: 'SMTP_451' } })
    t.is(failed.state, 'scheduled')
    t.true(Date.parse(failed.runAt ?? 'never') <= clock.now() + 1_000 + clock.toleranceMs)
    await clock.advance(1_001)
    const second = await leaseOne(queue, { queue: 'strict', leaseMs })
    t.is(second.job.attempt, 2)
    t.deepEqual(await queue.fail({ queue: 'strict', token: second.token, error: { message: 'still no route' } }), { state: 'dead' })

    const dead = await queue.get({ queue: 'strict', id })
    t.deepEqual(dead.errors.map(({ attempt, message, code }) => ({ attempt, message, code })), [{ attempt: 1, message: 'no route', code: 'SMTP_451' }, { attempt: 2, message: 'still no route', code: undefined }])
    t.like(dead, { state: 'dead', crashes: 0 })
  }),

  promise('the worker says when to try again, or never', ['retryAt'], async (t, { queue, clock }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }] })
    const [later, never] = (await queue.lease({ queue: 'emails', max: 2 })).items

    const waits = await queue.fail({ queue: 'emails', token: later?.token ?? '', error: { message: 'x' }, retryInMs: 7_000 })
    t.is(waits.state, 'scheduled')
    near(t, clock, Date.parse(waits.runAt ?? 'never'), clock.now() + 7_000)
    t.deepEqual(await queue.fail({ queue: 'emails', token: never?.token ?? '', error: { message: 'x' }, dead: true }), { state: 'dead' })

    const earlyMs = Math.max(1, clock.toleranceMs)
    await clock.advance(7_000 - earlyMs)
    t.is((await queue.lease({ queue: 'emails' })).items.length, 0)
    const waiting = queue.lease({ queue: 'emails', waitMs: 10_000 })
    await moveUntil(waiting, clock, earlyMs)
    t.deepEqual(idsOf((await waiting).items), [later?.job.id])
  }),

  promise('a released job is not counted and takes its place again', ['exactAttempts'], async (t, { queue }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'first' }, { payload: 'second' }] })
    const { token, job } = await leaseOne(queue, { queue: 'emails' })

    t.deepEqual(await queue.release({ queue: 'emails', token }), { state: 'ready' })

    const again = await leaseOne(queue, { queue: 'emails' })
    t.is(again.job.id, job.id)
    t.is(again.job.attempt, 1)
    t.not(again.token, token)
  }),

  promise('a lost lease changes nothing', ['inspect', 'extend'], async (t, { queue, clock }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    const { job, token } = await leaseOne(queue, { queue: 'emails', leaseMs: 1_000 })

    await clock.advance(1_001)
    const before = await queue.get({ queue: 'emails', id: job.id })

    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
    await t.throwsAsync(queue.fail({ queue: 'emails', token, error: { message: 'x' } }), lost)
    await t.throwsAsync(queue.extend({ queue: 'emails', token, leaseMs: 1_000 }), lost)
    await t.throwsAsync(queue.release({ queue: 'emails', token }), lost)
    t.deepEqual(await queue.get({ queue: 'emails', id: job.id }), before)
  }),

  promise('a lease that was granted to another is lost, also while that one works', ['exactAttempts'], async (t, { queue, other, clock }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    const stalled = await leaseOne(queue, { queue: 'emails', leaseMs: 1_000, workerId: 'w1' })
    await clock.advance(1_000)
    const working = await leaseOne(other, { queue: 'emails' })

    await t.throwsAsync(queue.ack({ queue: 'emails', token: stalled.token }), lost)

    t.is(working.job.id, stalled.job.id)
    t.like(working.job, { attempt: 2, crashes: 1 })
    t.like(working.job.errors[0], { attempt: 1, code: 'QUEUE_WORKER_LOST' })
    t.deepEqual(await other.ack({ queue: 'emails', token: working.token }), { state: 'done' })
  }),

  promise('any replica may end a lease that another one granted', ['leaseAnywhere'], async (t, { queue, other }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }] })
    const [a, b, c] = (await queue.lease({ queue: 'emails', max: 3 })).items

    t.deepEqual(await other.ack({ queue: 'emails', token: a?.token ?? '' }), { state: 'done' })
    t.deepEqual(await other.fail({ queue: 'emails', token: b?.token ?? '', error: { message: 'x' }, dead: true }), { state: 'dead' })
    t.deepEqual(await other.release({ queue: 'emails', token: c?.token ?? '' }), { state: 'ready' })

    await t.throwsAsync(queue.fail({ queue: 'emails', token: a?.token ?? '', error: { message: 'x' } }), lost)
    t.deepEqual(idsOf((await queue.lease({ queue: 'emails', max: 3 })).items), [c?.job.id ?? ''])
  }),

  promise('a job that kills its workers ends among the dead, with the evidence', ['exactAttempts', 'inspect'], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'strict', payload: 'poison', attempts: 50 })
    for (const workerId of ['w1', 'w2']) {
      await leaseOne(queue, { queue: 'strict', workerId })
      await clock.advance(1_000)
    }

    t.is((await queue.lease({ queue: 'strict' })).items.length, 0)
    const dead = await queue.get({ queue: 'strict', id })
    t.like(dead, { state: 'dead', crashes: 2, attempt: 2 })
    t.deepEqual(dead.errors.map(({ code, attempt }) => ({ code, attempt })), [{ code: 'QUEUE_WORKER_LOST', attempt: 1 }, { code: 'QUEUE_WORKER_LOST', attempt: 2 }])
    t.regex(dead.errors[1]?.message ?? '', /w2/)
  }),

  promise('an extended lease lasts, and shows its progress', ['extend', 'inspect'], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails', leaseMs: 3_000 })

    for (let beat = 0; beat < 3; beat++) {
      await clock.advance(1_600)
      const extended = await queue.extend({ queue: 'emails', token, leaseMs: 3_000, progress: { percent: beat * 10 } })
      t.is(extended.signal, null)
      near(t, clock, extended.expiresInMs, 3_000)
    }

    t.like(await queue.get({ queue: 'emails', id }), { state: 'active', progress: { percent: 20 }, crashes: 0 })
    await queue.ack({ queue: 'emails', token })
  }),

  longPromise('the repeat of a verb answers as it first did, for 10 minutes', ['repeatable', 'retryAt'], async (t, { queue, clock }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'ack' }, { payload: 'fail' }, { payload: 'release' }] })
    const [acked, failing, released] = (await queue.lease({ queue: 'emails', max: 3 })).items.map(({ token }) => token)
    const ack = () => queue.ack({ queue: 'emails', token: acked ?? '' })
    const fail = () => queue.fail({ queue: 'emails', token: failing ?? '', error: { message: 'x' }, retryInMs: 1_000 })
    const release = () => queue.release({ queue: 'emails', token: released ?? '' })
    const first = [await ack(), await fail(), await release()]

    await clock.advance(1_000)
    const again = await queue.lease({ queue: 'emails', max: 3 })
    t.is(again.items.length, 2)
    for (const { token } of again.items) await queue.ack({ queue: 'emails', token })
    t.deepEqual([await ack(), await fail(), await release()], first)

    await t.throwsAsync(queue.release({ queue: 'emails', token: acked ?? '' }), lost)
    await clock.advance(600_000)
    for (const verb of [ack, fail, release]) await t.throwsAsync(verb(), lost)
  }),

  longPromise('a lease request can be repeated', ['repeatable'], async (t, { queue, other, clock }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }] })
    const ask = (from: BoundQueue) => from.lease({ queue: 'emails', max: 2, requestId: 'r1' })

    const first = await ask(queue)
    t.deepEqual(await ask(other), first)
    t.deepEqual(await Promise.all([ask(queue), ask(queue)]), [first, first])
    t.is((await queue.lease({ queue: 'emails', max: 10, requestId: 'r2' })).items.length, 1)

    await queue.ack({ queue: 'emails', token: first.items[0]?.token ?? '' })
    t.deepEqual(await ask(queue), { items: first.items.slice(1) })
    await clock.advance(30_000)
    t.deepEqual(await ask(queue), { items: [] })
    t.is((await queue.lease({ queue: 'emails', max: 10 })).items.length, 2)
  }),

  promise('a lease request that got nothing may be made again', ['repeatable'], async (t, { queue }) => {
    t.is((await queue.lease({ queue: 'emails', requestId: 'r1' })).items.length, 0)

    await queue.enqueue({ queue: 'emails', payload: 1 })

    t.is((await queue.lease({ queue: 'emails', requestId: 'r1' })).items.length, 1)
  }),

  promise('a repeat that meets its request still waiting waits with it, not after it', ['repeatable'], async (t, { queue, clock }) => {
    const ask = () => queue.lease({ queue: 'emails', waitMs: 2_000, requestId: 'r1' })
    const both = Promise.all([ask(), ask()])

    await moveUntil(both, clock, 2_000)

    t.deepEqual(await both, [{ items: [] }, { items: [] }])
  }),

  promise('who waits is woken when a job becomes due, and when a lease ends', ['delay', 'exactAttempts'], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 500 })
    const first = queue.lease({ queue: 'emails', waitMs: 20_000, leaseMs: 1_000 })
    await moveUntil(first, clock, 500)
    t.deepEqual(idsOf((await first).items), [id])

    const second = queue.lease({ queue: 'emails', waitMs: 20_000 })
    await moveUntil(second, clock, 1_000)
    t.like((await second).items[0], { job: { id, attempt: 2, crashes: 1 } })
  }),
]
