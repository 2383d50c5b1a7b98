import type { ExecutionContext } from 'ava'
import type { BoundOperations } from '../../kernel/plugin.ts'
import type { Job, Lease, QueueOperations } from '../../kernel/ports/queue/index.ts'
import type { SteppedClock, VirtualClock } from './clock.ts'

export type BoundQueue = BoundOperations<QueueOperations>

export interface QueueParts {
  readonly queue: BoundQueue
  /** Another binding of the same queues on the same backend: another replica. */
  readonly other: BoundQueue
  readonly clock: VirtualClock | SteppedClock
  /** An open unit of work on the binding's connection. */
  unit(): { readonly unit: import('../../kernel/plugin.ts').Unit; commit(): Promise<void> }
}

/** Starts the queues of `contractQueues` on an empty backend. */
export interface QueueHarness {
  start(t: ExecutionContext): Promise<QueueParts>
}

export interface QueueCase {
  readonly title: string
  /** It waits for longer than a backend with a time of its own can be waited for. */
  readonly long?: true
  run(t: ExecutionContext, harness: QueueHarness): Promise<void>
}

/** As the manifest writes them. */
export const contractQueues = {
  emails: {},
  strict: { attempts: 2, backoff: { initial: '1s', max: '1s' }, lease: '1s', maxCrashes: 2, keep: { done: '1h', dead: '2h' }, maxPayload: '1KiB' },
  parking: {},
} as const

function promise(title: string, body: (t: ExecutionContext, parts: QueueParts) => Promise<void>): QueueCase {
  return { title, run: async (t, harness) => body(t, await harness.start(t)) }
}

/** A case that only a clock which is moved by hand can end. */
function longPromise(title: string, body: (t: ExecutionContext, parts: QueueParts) => Promise<void>): QueueCase {
  return { ...promise(title, body), long: true }
}

async function leaseOne(queue: BoundQueue, input: { queue: string; leaseMs?: number; workerId?: string }): Promise<Lease> {
  const [lease] = (await queue.lease(input)).items
  if (!lease) throw new Error(`no job was ready in ${input.queue}`)
  return lease
}

const ids = (items: readonly { readonly job: Job }[]) => items.map(({ job }) => job.id)
const lost = { code: 'QUEUE_LEASE_LOST' }
const nul = String.fromCharCode(0)

export const queueContract: readonly QueueCase[] = [
  promise('a job is kept, leased once, and done', async (t, { queue, clock }) => {
    const added = await queue.enqueue({ queue: 'emails', payload: { to: 'a@example.com' } })
    t.like(added, { state: 'ready', attempt: 0, attempts: 8, crashes: 0, priority: 0, errors: [], repeated: false })

    const { token, job, expiresInMs } = await leaseOne(queue, { queue: 'emails' })
    // It stands in a path, where names that begin with `_` are actions.
    t.regex(token, /^[A-Za-z0-9]/)
    t.like(job, { id: added.id, state: 'active', attempt: 1, payload: { to: 'a@example.com' } })
    near(t, clock, expiresInMs, 30_000)
    t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })

    t.deepEqual(await queue.ack({ queue: 'emails', token, result: { sent: 1 } }), { state: 'done' })
    t.like(await queue.get({ queue: 'emails', id: added.id }), { state: 'done', result: { sent: 1 } })
  }),

  promise('any JSON comes back as it was given', async (t, { queue }) => {
    const payloads = [null, 0, -1.5e300, '', 'é😀"\\\n', [], {}, [[[1]]], { '': { $a: [true, null] } }, false]

    await queue.enqueueMany({ queue: 'emails', jobs: payloads.map((payload) => ({ payload })) })

    const { items } = await queue.lease({ queue: 'emails', max: 100 })
    t.deepEqual(items.map(({ job }) => job.payload), payloads)
  }),

  promise('higher priority first, then the earlier time, then the order of enqueueing', async (t, { queue, clock }) => {
    const jobs = [{ payload: 'b' }, { payload: 'c' }, { payload: 'd', priority: -3 }, { payload: 'a', priority: 7 }]
    await queue.enqueueMany({ queue: 'emails', jobs })
    await queue.enqueue({ queue: 'emails', payload: 'soon', runAt: new Date(clock.now() - 5).toISOString() })

    const { items } = await queue.lease({ queue: 'emails', max: 10 })
    t.deepEqual(items.map(({ job }) => job.payload), ['a', 'soon', 'b', 'c', 'd'])
  }),

  promise('a delayed job is scheduled until its time', async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 5_000 })
    const at = await queue.enqueue({ queue: 'emails', payload: 2, runAt: new Date(clock.now() + 6_000).toISOString() })
    t.is((await queue.get({ queue: 'emails', id })).state, 'scheduled')
    t.is((await queue.lease({ queue: 'emails' })).items.length, 0)

    await clock.advance(5_000)
    t.is((await queue.get({ queue: 'emails', id })).state, 'ready')
    t.deepEqual(ids((await queue.lease({ queue: 'emails', max: 10 })).items), [id])

    await clock.advance(1_000)
    t.deepEqual(ids((await queue.lease({ queue: 'emails', max: 10 })).items), [at.id])
  }),

  promise('a known idempotency key answers the first job', async (t, { queue }) => {
    const first = await queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'order-1' })
    const again = await queue.enqueue({ queue: 'emails', payload: 2, idempotencyKey: 'order-1' })
    const elsewhere = await queue.enqueue({ queue: 'parking', payload: 3, idempotencyKey: 'order-1' })

    t.deepEqual(again, { ...first, repeated: true })
    t.false(elsewhere.repeated)
    const { items } = await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 4, idempotencyKey: 'order-1' }, { payload: 5, idempotencyKey: 'k' }, { payload: 6, idempotencyKey: 'k' }] })
    t.is(items[0]?.id, first.id)
    t.is(items[1]?.id, items[2]?.id)
    t.is((await queue.counts({ queue: 'emails' })).ready, 2)
  }),

  promise('of many who enqueue one key at once, one adds', async (t, { queue, other }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? queue : other).enqueue({ queue: 'emails', payload: at, idempotencyKey: 'one' })))

    t.is(new Set(answers.map(({ id }) => id)).size, 1)
    t.is(answers.filter(({ repeated }) => !repeated).length, 1)
    t.is((await queue.counts({ queue: 'emails' })).ready, 1)
  }),

  promise('a failed attempt comes back after its wait, and is dead after its last', async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'strict', payload: 1 })
    const first = await leaseOne(queue, { queue: 'strict' })

    const failed = await queue.fail({ queue: 'strict', token: first.token, error: { message: 'no route', code: 'SMTP_451' } })
    t.is(failed.state, 'scheduled')
    t.true(Date.parse(failed.runAt ?? 'never') <= clock.now() + 1_000 + clock.toleranceMs)
    await clock.advance(1_001)
    const second = await leaseOne(queue, { queue: 'strict' })
    t.is(second.job.attempt, 2)
    t.deepEqual(await queue.fail({ queue: 'strict', token: second.token, error: { message: 'still no route' } }), { state: 'dead' })

    const dead = await queue.get({ queue: 'strict', id })
    t.deepEqual(dead.errors.map(({ attempt, message, code }) => ({ attempt, message, code })), [{ attempt: 1, message: 'no route', code: 'SMTP_451' }, { attempt: 2, message: 'still no route', code: undefined }])
    t.like(dead, { state: 'dead', crashes: 0 })
  }),

  promise('the worker says when to try again, or never', async (t, { queue, clock }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }] })
    const [later, never] = (await queue.lease({ queue: 'emails', max: 2 })).items

    const waits = await queue.fail({ queue: 'emails', token: later?.token ?? '', error: { message: 'x' }, retryInMs: 7_000 })
    t.is(waits.state, 'scheduled')
    near(t, clock, Date.parse(waits.runAt ?? 'never'), clock.now() + 7_000)
    t.deepEqual(await queue.fail({ queue: 'emails', token: never?.token ?? '', error: { message: 'x' }, dead: true }), { state: 'dead' })

    await clock.advance(6_999)
    t.is((await queue.lease({ queue: 'emails' })).items.length, 0)
    await clock.advance(1)
    t.is((await leaseOne(queue, { queue: 'emails' })).job.id, later?.job.id ?? '')
  }),

  promise('a released job is not counted and takes its place again', async (t, { queue }) => {
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'first' }, { payload: 'second' }] })
    const { token, job } = await leaseOne(queue, { queue: 'emails' })

    t.deepEqual(await queue.release({ queue: 'emails', token }), { state: 'ready' })

    const again = await leaseOne(queue, { queue: 'emails' })
    t.is(again.job.id, job.id)
    t.is(again.job.attempt, 1)
    t.not(again.token, token)
  }),

  promise('a lost lease changes nothing', async (t, { queue, clock }) => {
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

  promise('a lease that was granted to another is lost, also while that one works', async (t, { queue, other, clock }) => {
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

  promise('what never was a token of this queue is a lost lease', async (t, { queue }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails' })

    for (const bad of ['x', `${token}x`, token.replace(/^./, (c) => (c === 'a' ? 'b' : 'a')), '../..', `a.${'0'.repeat(36)}`]) await t.throwsAsync(queue.ack({ queue: 'emails', token: bad }), lost)
    await t.throwsAsync(queue.ack({ queue: 'parking', token }), lost)
    t.deepEqual(await queue.ack({ queue: 'emails', token }), { state: 'done' })
  }),

  promise('a job that kills its workers ends among the dead, with the evidence', async (t, { queue, clock }) => {
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

  promise('an extended lease lasts, and shows its progress', async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails', leaseMs: 1_000 })

    for (let beat = 0; beat < 3; beat++) {
      await clock.advance(900)
      const extended = await queue.extend({ queue: 'emails', token, leaseMs: 1_000, progress: { percent: beat * 10 } })
      t.is(extended.signal, null)
      near(t, clock, extended.expiresInMs, 1_000)
    }

    t.like(await queue.get({ queue: 'emails', id }), { state: 'active', progress: { percent: 20 }, crashes: 0 })
    await queue.ack({ queue: 'emails', token })
  }),

  longPromise('the repeat of a verb answers as it first did, for 10 minutes', async (t, { queue, clock }) => {
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

  longPromise('a lease request can be repeated', async (t, { queue, other, clock }) => {
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

  promise('a lease request that got nothing may be made again', async (t, { queue }) => {
    t.is((await queue.lease({ queue: 'emails', requestId: 'r1' })).items.length, 0)

    await queue.enqueue({ queue: 'emails', payload: 1 })

    t.is((await queue.lease({ queue: 'emails', requestId: 'r1' })).items.length, 1)
  }),

  promise('who waits is woken by an enqueue', async (t, { queue, other }) => {
    const waiting = queue.lease({ queue: 'emails', waitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))

    const { id } = await other.enqueue({ queue: 'emails', payload: 1 })

    t.deepEqual(ids((await waiting).items), [id])
  }),

  promise('who waits is woken when a job becomes due, and when a lease ends', async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 500 })
    const first = queue.lease({ queue: 'emails', waitMs: 20_000, leaseMs: 1_000 })
    await moveUntil(first, clock, 500)
    t.deepEqual(ids((await first).items), [id])

    const second = queue.lease({ queue: 'emails', waitMs: 20_000 })
    await moveUntil(second, clock, 1_000)
    t.like((await second).items[0], { job: { id, attempt: 2, crashes: 1 } })
  }),

  promise('who waits in vain gets an empty list', async (t, { queue, clock }) => {
    const waiting = queue.lease({ queue: 'emails', waitMs: 2_000 })

    await moveUntil(waiting, clock, 2_000)

    t.deepEqual(await waiting, { items: [] })
  }),

  promise('a repeat that meets its request still waiting waits with it, not after it', async (t, { queue, clock }) => {
    const ask = () => queue.lease({ queue: 'emails', waitMs: 2_000, requestId: 'r1' })
    const both = Promise.all([ask(), ask()])

    await moveUntil(both, clock, 2_000)

    t.deepEqual(await both, [{ items: [] }, { items: [] }])
  }),

  promise('who goes away leaves the job to the next', async (t, { queue }) => {
    const gone = new AbortController()
    const left = queue.lease({ queue: 'emails', waitMs: 20_000 }, { signal: gone.signal }).catch(() => ({ items: [] }))
    const stays = queue.lease({ queue: 'emails', waitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))

    gone.abort()
    await left
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })

    t.deepEqual(ids((await stays).items), [id])
  }),

  promise('eight who lease at once never get the same job', async (t, { queue, other }) => {
    const jobs = Array.from({ length: 400 }, (_, payload) => ({ payload }))
    await queue.enqueueMany({ queue: 'emails', jobs })

    const taken: string[] = []
    await Promise.all(Array.from({ length: 8 }, async (_, worker) => {
      const mine = worker % 2 ? queue : other
      for (let got = (await mine.lease({ queue: 'emails', max: 7 })).items; got.length > 0; got = (await mine.lease({ queue: 'emails', max: 7 })).items) {
        taken.push(...ids(got))
        await Promise.all(got.map(({ token }) => mine.ack({ queue: 'emails', token })))
      }
    }))

    t.is(taken.length, 400)
    t.is(new Set(taken).size, 400)
    t.like(await queue.counts({ queue: 'emails' }), { done: 400, ready: 0, active: 0 })
  }),

  promise('a cancelled job tells its worker and refuses its ack', async (t, { queue, clock }) => {
    const waits = await queue.enqueue({ queue: 'emails', payload: 1, delayMs: 1_000 })
    t.deepEqual(await queue.discard({ queue: 'emails', id: waits.id }), { state: 'cancelled' })
    t.is((await queue.get({ queue: 'emails', id: waits.id })).state, 'cancelled')

    const { id } = await queue.enqueue({ queue: 'emails', payload: 2 })
    const { token } = await leaseOne(queue, { queue: 'emails', leaseMs: 1_000 })
    await queue.discard({ queue: 'emails', id })
    await clock.advance(400)
    const told = await queue.extend({ queue: 'emails', token, leaseMs: 9_000 })
    t.is(told.signal, 'cancel')
    near(t, clock, told.expiresInMs, 600)
    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
    await clock.advance(600)
    await t.throwsAsync(queue.extend({ queue: 'emails', token, leaseMs: 9_000 }), lost)

    t.deepEqual(await queue.discard({ queue: 'emails', id }), { state: 'removed' })
    await t.throwsAsync(queue.get({ queue: 'emails', id }), { code: 'QUEUE_JOB_NOT_FOUND' })
    await t.throwsAsync(queue.discard({ queue: 'emails', id }), { code: 'QUEUE_JOB_NOT_FOUND' })
    t.is((await queue.lease({ queue: 'emails', max: 10 })).items.length, 0)
  }),

  promise('dead jobs are found and put back with all their attempts', async (t, { queue, clock }) => {
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

  promise('pages follow one another, and a cursor belongs to its filter', async (t, { queue }) => {
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

  promise('a list is bounded by time', async (t, { queue, clock }) => {
    const early = await queue.enqueue({ queue: 'emails', payload: 1 })
    const noon = new Date(clock.now() + 1_000).toISOString()
    await clock.advance(1_000)
    const late = await queue.enqueue({ queue: 'emails', payload: 2 })

    const list = async (bounds: object) => (await queue.list({ queue: 'emails', ...bounds })).items.map(({ id }) => id)
    t.deepEqual(await list({ to: noon }), [early.id])
    t.deepEqual(await list({ from: noon }), [late.id])
    t.deepEqual(await list({}), [late.id, early.id])
  }),

  promise('a paused queue takes jobs and leases none', async (t, { queue, other }) => {
    t.true((await queue.pause({ queue: 'emails' })).paused)
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    await queue.enqueue({ queue: 'parking', payload: 2 })
    t.is((await other.lease({ queue: 'emails' })).items.length, 0)
    t.is((await other.lease({ queue: 'parking' })).items.length, 1)

    const waiting = other.lease({ queue: 'emails', waitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    t.like(await queue.resume({ queue: 'emails' }), { paused: false })

    t.deepEqual(ids((await waiting).items), [id])
  }),

  promise('counts tell each state and how old the oldest is', async (t, { queue, clock }) => {
    t.is((await queue.counts({ queue: 'emails' })).oldestReadyMs, null)
    await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }, { payload: 4, delayMs: 60_000 }] })
    const { token } = await leaseOne(queue, { queue: 'emails' })
    await queue.ack({ queue: 'emails', token })
    await leaseOne(queue, { queue: 'emails' })
    await clock.advance(2_500)

    const { oldestReadyMs, ...counts } = await queue.counts({ queue: 'emails' })
    t.deepEqual(counts, { queue: 'emails', paused: false, ready: 1, scheduled: 1, active: 1, done: 1, dead: 0 })
    near(t, clock, oldestReadyMs ?? -1, 2_500)
  }),

  longPromise('finished jobs are kept as long as the queue says, and no longer', async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'strict', payload: 1, idempotencyKey: 'k' })
    await queue.ack({ queue: 'strict', token: (await leaseOne(queue, { queue: 'strict' })).token })

    await clock.advance(3_599_000)
    t.is((await queue.counts({ queue: 'strict' })).done, 1)
    t.is((await queue.enqueue({ queue: 'strict', payload: 1, idempotencyKey: 'k' })).id, id)
    await clock.advance(2_000)
    t.is((await queue.counts({ queue: 'strict' })).done, 0)
    t.not((await queue.enqueue({ queue: 'strict', payload: 1, idempotencyKey: 'k' })).id, id)
  }),

  promise('an enqueue in a unit of work is there when it is committed, and not before', async (t, { queue, unit }) => {
    const work = unit()
    const waiting = queue.lease({ queue: 'emails', waitMs: 20_000 })
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'k' }, { unit: work.unit })
    t.is((await queue.enqueue({ queue: 'emails', payload: 2, idempotencyKey: 'k' }, { unit: work.unit })).id, id)
    t.is((await queue.counts({ queue: 'emails' })).ready, 0)

    await work.commit()

    t.deepEqual(ids((await waiting).items), [id])
    const given = unit()
    await queue.enqueue({ queue: 'parking', payload: 3 }, { unit: given.unit })
    t.is((await queue.counts({ queue: 'parking' })).ready, 0)
  }),

  promise('a unit whose key another took meanwhile adds nothing and can run again', async (t, { queue, unit }) => {
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

  promise('what no backend can carry is refused with its place', async (t, { queue, clock }) => {
    const refused = async (path: string, adding: Promise<unknown>) => {
      const error = await t.throwsAsync<Error & { errors: { path: string }[] }>(adding, { code: 'INPUT_INVALID' })
      t.is(error?.errors[0]?.path, path)
    }
    const deep = (levels: number): never => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as never

    await refused('/payload/a/1', queue.enqueue({ queue: 'emails', payload: { a: [0, `x${nul}`] } }))
    await refused('/jobs/1/payload', queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: '\ud800' }] }))
    await refused(`/payload${'/0'.repeat(30)}`, queue.enqueue({ queue: 'emails', payload: deep(31) }))
    await refused('/idempotencyKey', queue.enqueue({ queue: 'emails', payload: 1, idempotencyKey: 'é'.repeat(200) }))
    await refused('/runAt', queue.enqueue({ queue: 'emails', payload: 1, delayMs: 1, runAt: new Date(clock.now()).toISOString() }))
    await refused('/runAt', queue.enqueue({ queue: 'emails', payload: 1, runAt: '2026-02-31T00:00:00.000Z' }))
    await refused('/runAt', queue.enqueue({ queue: 'emails', payload: 1, runAt: 'tomorrow' }))
    await refused('/priority', queue.enqueue({ queue: 'emails', payload: 1, priority: 0.5 }))
    await refused('/max', queue.lease({ queue: 'emails', max: 101 }))
    await refused('/leaseMs', queue.lease({ queue: 'emails', leaseMs: 99 }))
    await refused('/waitMs', queue.lease({ queue: 'emails', waitMs: 20_001 }))
    await refused('/workerId', queue.lease({ queue: 'emails', workerId: nul }))
    await refused('/payload', queue.redrive({ queue: 'emails', payload: 1 }))
    await queue.enqueue({ queue: 'emails', payload: deep(30) })
    await t.throwsAsync(queue.enqueue({ queue: 'strict', payload: 'x'.repeat(1_023) }), { code: 'QUEUE_PAYLOAD_TOO_LARGE' })
    t.is((await queue.counts({ queue: 'emails' })).ready, 1)
  }),

  promise('a queue or job that is not there is told so', async (t, { queue }) => {
    const none = await t.throwsAsync(queue.enqueue({ queue: 'fax', payload: 1 }), { code: 'QUEUE_NOT_FOUND' })
    t.regex(none?.message ?? '', /fax: \{\}/)
    await t.throwsAsync(queue.lease({ queue: '__proto__' }), { code: 'QUEUE_NOT_FOUND' })
    for (const id of ['x', nul, '../..', '01890000-0000-7000-8000-000000000000']) await t.throwsAsync(queue.get({ queue: 'emails', id }), { code: 'QUEUE_JOB_NOT_FOUND' })
  }),
]

/** The time that was told, to within what the clock allows. */
function near(t: ExecutionContext, clock: QueueParts['clock'], actualMs: number, expectedMs: number): void {
  t.true(Math.abs(actualMs - expectedMs) <= clock.toleranceMs, `${actualMs} is not ${expectedMs}`)
}

/** Moves the clock on until the promise is kept: what a timer starts takes real time. */
async function moveUntil(kept: Promise<unknown>, clock: QueueParts['clock'], ms: number): Promise<void> {
  let pending = true
  const settle = () => { pending = false }
  kept.then(settle, settle)
  // Let the caller reach the backend and begin to wait.
  await new Promise((resolve) => setTimeout(resolve, 30))
  await clock.advance(ms)
  for (let turns = 0; pending && turns < 200; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    await clock.advance(1)
  }
}
