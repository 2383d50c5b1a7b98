import { idsOf, leaseAll, leaseMs, leaseOne, lost, moveUntil, near, nul, promise, woken, type QueueCase } from './queue-case.ts'

/** What every driver has: enqueue, lease, ack, fail and release. */
export const coreCases: readonly QueueCase[] = [
  promise('a job is kept, leased once, and done', [], async (t, { queue, clock }) => {
    const added = await queue.enqueue({ queue: 'emails', payload: { to: 'a@example.com' } })
    t.like(added, { state: 'ready', attempt: 0, attempts: 8, crashes: 0, priority: 0, errors: [], repeated: false })

    const { token, job, expiresInMs } = await leaseOne(queue, { queue: 'emails' })
    // It stands in a path, where names that begin with `_` are actions.
    t.regex(token, /^[A-Za-z0-9]/)
    t.like(job, { id: added.id, state: 'active', attempt: 1, payload: { to: 'a@example.com' } })
    near(t, clock, expiresInMs, 30_000)
    t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })

    t.deepEqual(await queue.ack({ queue: 'emails', token, result: { sent: 1 } }), { state: 'done' })
    t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })
  }),

  promise('any JSON comes back as it was given', [], async (t, { queue }) => {
    const payloads = [null, 0, -1.5e300, '', 'é😀"\\\n', [], {}, [[[1]]], { '': { $a: [true, null] } }, false]

    await queue.enqueueMany({ queue: 'emails', jobs: payloads.map((payload) => ({ payload })) })

    const items = await leaseAll(queue, { queue: 'emails' })
    t.deepEqual(items.map(({ job }) => job.payload), payloads)
  }),

  promise('a failed attempt comes back after its wait, and not after its last', [], async (t, { queue, clock }) => {
    const { id } = await queue.enqueue({ queue: 'strict', payload: 1 })
    const first = await leaseOne(queue, { queue: 'strict', leaseMs })
    t.is(first.job.attempt, 1)

    t.is((await queue.fail({ queue: 'strict', token: first.token, error: { message: 'no route', code: 'SMTP_451' } })).state, 'scheduled')
    const waiting = queue.lease({ queue: 'strict', waitMs: 10_000, leaseMs })
    await moveUntil(waiting, clock, 1_001)
    const [second] = (await waiting).items
    t.like(second?.job, { id, attempt: 2 })

    t.deepEqual(await queue.fail({ queue: 'strict', token: second?.token ?? '', error: { message: 'still no route' } }), { state: 'dead' })
    await clock.advance(1_001)
    t.deepEqual(await queue.lease({ queue: 'strict' }), { items: [] })
  }),

  promise('a job that its worker gives up is not leased again', [], async (t, { queue }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails' })

    t.deepEqual(await queue.fail({ queue: 'emails', token, error: { message: 'x' }, dead: true }), { state: 'dead' })

    t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })
    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
  }),

  promise('a released job is leased again, by another token', [], async (t, { queue, other }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 'first' })
    const { token } = await leaseOne(queue, { queue: 'emails' })

    t.deepEqual(await queue.release({ queue: 'emails', token }), { state: 'ready' })

    const again = (await other.lease({ queue: 'emails', waitMs: 10_000 })).items[0]
    t.is(again?.job.id, id)
    t.not(again?.token, token)
    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
    t.deepEqual(await other.ack({ queue: 'emails', token: again?.token ?? '' }), { state: 'done' })
  }),

  promise('a lease that is over is refused by every verb, and its job is leased to another', [], async (t, { queue, other, clock }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails', leaseMs: 1_000 })

    await clock.advance(1_001)

    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
    await t.throwsAsync(queue.fail({ queue: 'emails', token, error: { message: 'x' } }), lost)
    await t.throwsAsync(queue.release({ queue: 'emails', token }), lost)
    const waiting = other.lease({ queue: 'emails', waitMs: 10_000 })
    await moveUntil(waiting, clock, 1)
    const [again] = (await waiting).items
    t.is(again?.job.id, id)
    await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
    t.deepEqual(await other.ack({ queue: 'emails', token: again?.token ?? '' }), { state: 'done' })
  }),

  promise('what never was a token of this queue is a lost lease', [], async (t, { queue }) => {
    await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails' })

    for (const bad of ['x', `${token}x`, token.replace(/^./, (c) => (c === 'a' ? 'b' : 'a')), '../..', `a.${'0'.repeat(36)}`]) await t.throwsAsync(queue.ack({ queue: 'emails', token: bad }), lost)
    await t.throwsAsync(queue.ack({ queue: 'parking', token }), lost)
    t.deepEqual(await queue.ack({ queue: 'emails', token }), { state: 'done' })
  }),

  promise('who waits is woken by an enqueue', [], async (t, { queue, other, clock }) => {
    const waiting = queue.lease({ queue: 'emails', waitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))

    const { id } = await other.enqueue({ queue: 'emails', payload: 1 })

    t.deepEqual(idsOf((await woken(waiting, clock)).items), [id])
  }),

  promise('who waits in vain gets an empty list', [], async (t, { queue, clock }) => {
    const waiting = queue.lease({ queue: 'emails', waitMs: 2_000 })

    await moveUntil(waiting, clock, 2_000)

    t.deepEqual(await waiting, { items: [] })
  }),

  promise('who goes away leaves the job to the next', [], async (t, { queue }) => {
    const gone = new AbortController()
    const left = queue.lease({ queue: 'emails', waitMs: 20_000 }, { signal: gone.signal }).catch(() => ({ items: [] }))
    const stays = queue.lease({ queue: 'emails', waitMs: 20_000 })
    await new Promise((resolve) => setTimeout(resolve, 20))

    gone.abort()
    await left
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })

    t.deepEqual(idsOf((await stays).items), [id])
  }),

  promise('eight who lease at once never get the same job', [], async (t, { queue, other }) => {
    const jobs = Array.from({ length: 400 }, (_, payload) => ({ payload }))
    await queue.enqueueMany({ queue: 'emails', jobs })

    const taken: string[] = []
    await Promise.all(Array.from({ length: 8 }, async (_, worker) => {
      const mine = worker % 2 ? queue : other
      const more = async () => (await mine.lease({ queue: 'emails', max: 7 })).items
      for (let got = await more(); got.length > 0; got = await more()) {
        taken.push(...idsOf(got))
        await Promise.all(got.map(({ token }) => mine.ack({ queue: 'emails', token })))
      }
    }))

    t.is(taken.length, 400)
    t.is(new Set(taken).size, 400)
    t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })
  }),

  promise('what no backend can carry is refused with its place', [], async (t, { queue }) => {
    const refused = async (path: string, adding: Promise<unknown>) => {
      const error = await t.throwsAsync<Error & { errors: { path: string }[] }>(adding, { code: 'INPUT_INVALID' })
      t.is(error?.errors[0]?.path, path)
    }
    const deep = (levels: number): never => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as never

    await refused('/payload/a/1', queue.enqueue({ queue: 'emails', payload: { a: [0, `x${nul}`] } }))
    await refused('/jobs/1/payload', queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: '\ud800' }] }))
    await refused(`/payload${'/0'.repeat(30)}`, queue.enqueue({ queue: 'emails', payload: deep(31) }))
    await refused('/max', queue.lease({ queue: 'emails', max: 101 }))
    await refused('/leaseMs', queue.lease({ queue: 'emails', leaseMs: 99 }))
    await refused('/waitMs', queue.lease({ queue: 'emails', waitMs: 20_001 }))
    await refused('/workerId', queue.lease({ queue: 'emails', workerId: nul }))
    await queue.enqueue({ queue: 'emails', payload: deep(30) })
    await t.throwsAsync(queue.enqueue({ queue: 'strict', payload: 'x'.repeat(1_023) }), { code: 'QUEUE_PAYLOAD_TOO_LARGE' })
    t.is((await leaseAll(queue, { queue: 'emails' })).length, 1)
    t.deepEqual(await queue.lease({ queue: 'strict' }), { items: [] })
  }),

  promise('a queue that is not there is told so', [], async (t, { queue }) => {
    const none = await t.throwsAsync(queue.enqueue({ queue: 'fax', payload: 1 }), { code: 'QUEUE_NOT_FOUND' })
    t.regex(none?.message ?? '', /fax: \{\}/)
    await t.throwsAsync(queue.lease({ queue: '__proto__' }), { code: 'QUEUE_NOT_FOUND' })
  }),
]
