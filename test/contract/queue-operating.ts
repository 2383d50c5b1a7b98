import type { Job } from '../../kernel/ports/queue/index.ts'
import { idsOf, leaseAll, leaseMs, leaseOne, longPromise, lost, near, nul, promise, woken, type QueueCase } from './queue-case.ts'

/** What an operator sees and does, and units of work. */
export const operatingCases: readonly QueueCase[] = [
  promise('what an ack leaves stands in the job', ['inspect'], async (t, { queue }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })

    await queue.ack({ queue: 'emails', token: (await leaseOne(queue, { queue: 'emails' })).token, result: { sent: 1 } })

    t.like(await queue.get({ queue: 'emails', id }), { state: 'done', result: { sent: 1 } })
  }),

  promise('a job that is not there is told so', ['inspect'], async (t, { queue }) => {
    for (const id of ['x', nul, '../..', '01890000-0000-7000-8000-000000000000']) await t.throwsAsync(queue.get({ queue: 'emails', id }), { code: 'QUEUE_JOB_NOT_FOUND' })
  }),

  promise('a cancelled job tells its worker and refuses its ack', ['cancel', 'delay', 'extend', 'inspect'], async (t, { queue, clock }) => {
    const waits = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 2_000 })
    t.deepEqual(await queue.discard({ queue: 'emails', id: waits.id }), { state: 'cancelled' })
    t.is((await queue.get({ queue: 'emails', id: waits.id })).state, 'cancelled')

    const { id } = await queue.enqueue({ queue: 'emails', payload: 2 })
    const { token } = await leaseOne(queue, { queue: 'emails', leaseMs: 3_000 })
    await queue.discard({ queue: 'emails', id })
    await clock.advance(1_000)
    const told = await queue.extend({ queue: 'emails', token, leaseMs: 9_000 })
    t.is(told.signal, 'cancel')
    near(t, clock, told.expiresInMs, 2_000)
    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
    await clock.advance(2_000)
    await t.throwsAsync(queue.extend({ queue: 'emails', token, leaseMs: 9_000 }), lost)

    t.deepEqual(await queue.discard({ queue: 'emails', id }), { state: 'removed' })
    await t.throwsAsync(queue.get({ queue: 'emails', id }), { code: 'QUEUE_JOB_NOT_FOUND' })
    await t.throwsAsync(queue.discard({ queue: 'emails', id }), { code: 'QUEUE_JOB_NOT_FOUND' })
    t.is((await queue.lease({ queue: 'emails', max: 10 })).items.length, 0)
  }),

  promise('into another queue goes what that queue takes; the rest stays dead, and is told', ['deadLetters', 'inspect'], async (t, { queue }) => {
    const fits = { to: 'x' }
    // More unfit ones before it than are looked at in one go.
    await queue.enqueueMany({ queue: 'emails', jobs: [fits, ...Array.from({ length: 60 }, (_, n) => 'x'.repeat(2_000 + n))].map((payload) => ({ payload })) })
    const leases = await leaseAll(queue, { queue: 'emails' })
    for (const { token } of leases) await queue.fail({ queue: 'emails', token, dead: true, error: { message: 'no' } })
    const unfit = leases.find(({ job }) => typeof job.payload === 'string')?.job.id ?? ''

    await t.throwsAsync(queue.redrive({ queue: 'emails', ids: [unfit], to: 'typed' }), { code: 'QUEUE_PAYLOAD_INVALID' })
    await t.throwsAsync(queue.redrive({ queue: 'emails', ids: [unfit], to: 'strict' }), { code: 'QUEUE_PAYLOAD_TOO_LARGE' })
    t.deepEqual(await queue.redrive({ queue: 'emails', to: 'typed' }), { moved: 1, refused: 60 })
    t.deepEqual(await queue.redrive({ queue: 'emails', ids: [unfit], to: 'typed', payload: fits }), { moved: 1 })

    t.deepEqual((await leaseAll(queue, { queue: 'typed' })).map(({ job }) => job.payload), [fits, fits])
    t.is((await queue.counts({ queue: 'emails' })).dead, 59)
    t.deepEqual(await queue.redrive({ queue: 'emails', limit: 9 }), { moved: 9 })
  }),

  promise('dead jobs are found and put back with all their attempts', ['deadLetters', 'inspect'], async (t, { queue, clock }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: ['a', 'b', 'c', 'd'].map((payload) => ({ payload })) })
    const { items } = await queue.lease({ queue: 'emails', max: 4 })
    for (const { token, job } of items) await queue.fail({ queue: 'emails', token, dead: true, error: { message: `lost ${String(job.payload)}`, code: job.payload === 'c' ? 'ODD' : 'USUAL' } })
    const list = async (filter: object) => (await queue.list({ queue: 'emails', state: 'dead', ...filter })).items.map(({ payload }) => payload)

    t.deepEqual((await list({})).toSorted(), ['a', 'b', 'c', 'd'])
    t.deepEqual(await list({ code: 'ODD' }), ['c'])
    t.deepEqual(await list({ text: 'lost b' }), ['b'])

    const [a, b] = items.map(({ job }) => job.id)
    t.deepEqual(await queue.redrive({ queue: 'emails', ids: [a ?? ''], payload: 'a2' }), { moved: 1 })
    t.deepEqual(await queue.redrive({ queue: 'emails', ids: [b ?? ''], to: 'parking' }), { moved: 1 })
    t.like((await leaseOne(queue, { queue: 'emails' })).job, { id: a, payload: 'a2', attempt: 1, errors: [{ code: 'USUAL' }] })
    t.is((await leaseOne(queue, { queue: 'parking' })).job.id, b ?? '')

    t.deepEqual(await queue.redrive({ queue: 'emails', perSecond: 1 }), { moved: 2 })
    t.is((await queue.lease({ queue: 'emails', max: 9 })).items.length, 1)
    await clock.advance(1_000)
    t.is((await queue.lease({ queue: 'emails', max: 9 })).items.length, 1)
    t.deepEqual(await queue.redrive({ queue: 'emails', ids: [a ?? ''] }), { moved: 0 })
  }),

  promise('pages follow one another, and a cursor belongs to its filter', ['inspect', 'delay'], async (t, { queue }) => {
    const { items } = await queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: 45 }, (_, payload) => ({ payload, ...(payload % 3 === 0 && { delayMs: 9_000 }) })) })
    const seen: string[] = []
    let after: string | null = null
    do {
      const page: { items: readonly Job[]; next: string | null } = await queue.list({ queue: 'emails', limit: 10, ...(after !== null && { after }) })
      seen.push(...page.items.map(({ id }) => id))
      after = page.next
    } while (after !== null)

    t.deepEqual(seen, items.map(({ id }) => id).toReversed())
    const { next } = await queue.list({ queue: 'emails', limit: 10 })
    const bad = { code: 'QUEUE_BAD_CURSOR' }
    await t.throwsAsync(queue.list({ queue: 'emails', state: 'ready', after: next ?? '' }), bad)
    await t.throwsAsync(queue.list({ queue: 'parking', after: next ?? '' }), bad)
    await t.throwsAsync(queue.list({ queue: 'emails', after: `${next ?? ''}A` }), bad)
    await t.throwsAsync(queue.list({ queue: 'emails', after: 'x' }), bad)
    t.is((await queue.list({ queue: 'emails', state: 'scheduled', limit: 15 })).next, null)
  }),

  promise('a list is bounded by time', ['inspect'], async (t, { queue, clock }) => {
    const early = await queue.enqueue({ queue: 'emails', payload: 1 })
    await clock.advance(1_000)
    const late = await queue.enqueue({ queue: 'emails', payload: 2 })
    const noon = (await queue.get({ queue: 'emails', id: late.id })).enqueuedAt

    const list = async (bounds: object) => (await queue.list({ queue: 'emails', ...bounds })).items.map(({ id }) => id)
    t.deepEqual(await list({ to: noon }), [early.id])
    t.deepEqual(await list({ from: noon }), [late.id])
    t.deepEqual(await list({}), [late.id, early.id])
  }),

  promise('a paused queue takes jobs and leases none', ['pause'], async (t, { queue, other, clock }) => {
    t.true((await queue.pause({ queue: 'emails' })).paused)
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    await queue.enqueue({ queue: 'parking', payload: 2 })
    t.is((await other.lease({ queue: 'emails' })).items.length, 0)
    t.is((await other.lease({ queue: 'parking' })).items.length, 1)

    const waiting = other.lease({ queue: 'emails', waitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    t.like(await queue.resume({ queue: 'emails' }), { paused: false })

    t.deepEqual(idsOf((await woken(waiting, clock)).items), [id])
  }),

  promise('the worker of a paused queue keeps its job, and is told to drain', ['pause', 'extend', 'cancel', 'inspect'], async (t, { queue, other }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails' })
    const extend = async () => (await queue.extend({ queue: 'emails', token, leaseMs: 30_000 })).signal

    t.is(await extend(), null)
    await other.pause({ queue: 'emails' })
    t.is(await extend(), 'drain')
    t.is((await queue.get({ queue: 'emails', id })).state, 'active')
    await other.resume({ queue: 'emails' })
    t.is(await extend(), null)
    await other.pause({ queue: 'emails' })
    await other.discard({ queue: 'emails', id })
    t.is(await extend(), 'cancel')
    await other.resume({ queue: 'emails' })
  }),

  promise('why a queue is paused is kept until it is resumed', ['pause', 'inspect'], async (t, { queue, other }) => {
    t.is((await queue.pause({ queue: 'emails' })).pauseReason, undefined)
    t.like(await queue.pause({ queue: 'emails', reason: 'the mailbox is full' }), { paused: true, pauseReason: 'the mailbox is full' })
    t.is((await other.pause({ queue: 'emails' })).pauseReason, 'the mailbox is full')
    t.like((await other.queues({})).items.find((one) => one.queue === 'emails'), { paused: true, pauseReason: 'the mailbox is full' })
    t.is((await other.pause({ queue: 'emails', reason: 'Wartung bis 12 Uhr 🛠' })).pauseReason, 'Wartung bis 12 Uhr 🛠')
    t.is((await queue.counts({ queue: 'parking' })).pauseReason, undefined)

    t.like(await queue.resume({ queue: 'emails' }), { paused: false, pauseReason: undefined })
    t.like(await queue.pause({ queue: 'emails' }), { paused: true, pauseReason: undefined })
    for (const reason of ['', 'x'.repeat(201), 'a\0b']) await t.throwsAsync(queue.pause({ queue: 'emails', reason }), { code: 'INPUT_INVALID' })
    await queue.resume({ queue: 'emails' })
  }),

  promise('of the jobs that are named only dead ones are removed', ['cancel', 'deadLetters', 'inspect'], async (t, { queue }) => {
    const { items: jobs } = await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }] })
    const { token, job } = await leaseOne(queue, { queue: 'emails' })
    await queue.fail({ queue: 'emails', token, dead: true, error: { message: 'x' } })
    await leaseOne(queue, { queue: 'emails' })
    const ids = [...jobs.map(({ id }) => id), job.id, nul]

    t.deepEqual(await queue.discardDead({ queue: 'parking', ids }), { removed: 0 })
    t.deepEqual(await queue.discardDead({ queue: 'emails', ids }), { removed: 1 })
    t.deepEqual(await queue.discardDead({ queue: 'emails', ids }), { removed: 0 })

    await t.throwsAsync(queue.get({ queue: 'emails', id: job.id }), { code: 'QUEUE_JOB_NOT_FOUND' })
    t.like(await queue.counts({ queue: 'emails' }), { ready: 1, active: 1, dead: 0 })
  }),

  promise('dead jobs that are put back with a delay wait for it', ['deadLetters', 'inspect'], async (t, { queue, clock }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    await queue.fail({ queue: 'emails', token: (await leaseOne(queue, { queue: 'emails' })).token, dead: true, error: { message: 'x' } })

    t.deepEqual(await queue.redrive({ queue: 'emails', perSecond: 10, delayMs: 1_000 }), { moved: 1 })

    t.is((await queue.counts({ queue: 'emails' })).scheduled, 1)
    await clock.advance(1_100)
    await leaseOne(queue, { queue: 'emails' })
  }),

  promise('every declared queue is counted at once, a paused one too', ['inspect', 'pause'], async (t, { queue }) => {
    await queue.enqueue({ queue: 'parking', payload: 1 })
    await queue.pause({ queue: 'parking' })

    const { items } = await queue.queues({})

    t.true(items.length > 2)
    t.is(new Set(items.map((one) => one.queue)).size, items.length)
    t.like(items.find((one) => one.queue === 'parking'), { paused: true, ready: 1, active: 0 })
    t.like(items.find((one) => one.queue === 'emails'), { paused: false, ready: 0, oldestReadyMs: null })
  }),

  promise('counts tell each state and how old the oldest is', ['inspect', 'delay'], async (t, { queue, clock }) => {
    t.is((await queue.counts({ queue: 'emails' })).oldestReadyMs, null)
    const startedMs = performance.now()
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }, { payload: 4, delayMs: 60_000 }] })
    const { token } = await leaseOne(queue, { queue: 'emails' })
    await queue.ack({ queue: 'emails', token })
    await leaseOne(queue, { queue: 'emails' })
    await clock.advance(2_500)

    const { oldestReadyMs, ...counts } = await queue.counts({ queue: 'emails' })
    t.deepEqual(counts, { queue: 'emails', paused: false, ready: 1, scheduled: 1, active: 1, done: 1, dead: 0 })
    // A server's clock goes on while it is asked.
    const passedMs = clock.toleranceMs === 0 ? 0 : performance.now() - startedMs
    t.true((oldestReadyMs ?? -1) >= 2_500 - clock.toleranceMs && (oldestReadyMs ?? Infinity) <= 2_500 + clock.toleranceMs + passedMs, String(oldestReadyMs))
  }),

  longPromise('finished jobs are kept as long as the queue says, and no longer', ['inspect', 'idempotency'], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'strict', payload: 1, idempotencyKey: 'k' })
    await queue.ack({ queue: 'strict', token: (await leaseOne(queue, { queue: 'strict', leaseMs })).token })

    await clock.advance(3_599_000)
    t.is((await queue.counts({ queue: 'strict' })).done, 1)
    t.is((await queue.enqueue({ queue: 'strict', payload: 1, idempotencyKey: 'k' })).id, id)
    await clock.advance(2_000)
    t.is((await queue.counts({ queue: 'strict' })).done, 0)
    t.not((await queue.enqueue({ queue: 'strict', payload: 1, idempotencyKey: 'k' })).id, id)
  }),

  promise('an enqueue in a unit of work is there when it is committed, and not before', ['units', 'idempotency', 'inspect'], async (t, { queue, unit }) => {
    const work = unit()
    const waiting = queue.lease({ queue: 'emails', waitMs: 20_000 })
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'k' }, { unit: work.unit })
    t.is((await queue.enqueue({ queue: 'emails', payload: 2, idempotencyKey: 'k' }, { unit: work.unit })).id, id)
    t.is((await queue.counts({ queue: 'emails' })).ready, 0)

    await work.commit()

    t.deepEqual(idsOf((await waiting).items), [id])
    const given = unit()
    await queue.enqueue({ queue: 'parking', payload: 3 }, { unit: given.unit })
    t.is((await queue.counts({ queue: 'parking' })).ready, 0)
  }),

  promise('a unit whose key another took meanwhile adds nothing and can run again', ['units', 'idempotency', 'inspect'], async (t, { queue, unit }) => {
    const run = async (meanwhile: () => Promise<unknown>) => {
      const work = unit()
      await queue.enqueue({ queue: 'parking', payload: 1 }, { unit: work.unit })
      const { id } = await queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'k' }, { unit: work.unit })
      await meanwhile()
      await work.commit()
      return id
    }
    const taken = Promise.withResolvers<string>()

    await t.throwsAsync(run(async () => taken.resolve((await queue.enqueue({ queue: 'emails', payload: 2, idempotencyKey: 'k' })).id)), { code: 'QUEUE_KEY_RACED' })

    t.is((await queue.counts({ queue: 'parking' })).ready, 0)
    t.is(await run(async () => undefined), await taken.promise)
    t.is((await queue.counts({ queue: 'parking' })).ready, 1)
  }),
]
