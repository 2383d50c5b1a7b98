import type { Lease } from '../../kernel/ports/queue/index.ts'
import { type BoundQueue, idsOf, leaseOne, lost, moveUntil, promise, type QueueCase } from './queue-case.ts'

const payloadsOf = (leases: readonly Lease[]) => leases.map(({ job }) => (job.payload as { n: number }).n)
const lease = async (queue: BoundQueue, name: string) => (await queue.lease({ queue: name, max: 10 })).items
const add = (queue: BoundQueue, name: string, jobs: readonly { readonly of: string | number; readonly n: number; readonly priority?: number }[]) =>
  queue.enqueueMany({ queue: name, jobs: jobs.map(({ priority, ...payload }) => ({ payload, ...(priority !== undefined && { priority }) })) })

/** Works until `jobs` were done; how many of one key were active at once at most, and in which order each key's jobs were done. */
async function workThrough(replicas: readonly BoundQueue[], name: string, jobs: number) {
  const active = new Map<string, number>()
  const done = new Map<string, number[]>()
  const untilMs = Date.now() + 40_000
  let [most, total] = [0, 0]

  const begin = ({ job }: Lease) => {
    const { of } = job.payload as { of: string }
    active.set(of, (active.get(of) ?? 0) + 1)
    most = Math.max(most, active.get(of) ?? 0)
  }
  const end = ({ job }: Lease) => {
    const { of, n } = job.payload as { of: string; n: number }
    active.set(of, (active.get(of) ?? 0) - 1)
    done.set(of, [...(done.get(of) ?? []), n])
    total++
  }
  const work = async (replica: BoundQueue) => {
    while (total < jobs && Date.now() < untilMs) {
      const { items } = await replica.lease({ queue: name, max: 3 })
      for (const item of items) begin(item)
      await new Promise((resolve) => setTimeout(resolve, 2))
      for (const item of items) {
        end(item)
        await replica.ack({ queue: name, token: item.token })
      }
    }
  }
  await Promise.all(replicas.flatMap((replica) => [1, 2, 3, 4].map(() => work(replica))))
  return { most, done, total }
}

/** Limits, ageing, deadlines, schemas, and an ack in a unit of work. */
export const limitCases: readonly QueueCase[] = [
  promise('no more jobs are active than the queue says, over all replicas', ['limits'], async (t, { queue, other }) => {
    await add(queue, 'few', [1, 2, 3, 4, 5].map((n) => ({ of: 'a', n })))

    const first = [...(await lease(queue, 'few')), ...(await lease(other, 'few'))]
    t.is(first.length, 2)
    const waiting = other.lease({ queue: 'few', max: 10, waitMs: 5_000 })
    await queue.ack({ queue: 'few', token: first[0]?.token ?? '' })

    t.is((await waiting).items.length, 1)
    await queue.fail({ queue: 'few', token: first[1]?.token ?? '', error: { message: 'x' }, dead: true })
    t.is((await lease(queue, 'few')).length, 1)
    t.is((await lease(queue, 'few')).length, 0)
  }),

  promise('no more jobs of one key are active than the queue says, and a full key holds up no other', ['limits'], async (t, { queue, other }) => {
    await add(queue, 'keyed', [...Array.from({ length: 250 }, (_, n) => ({ of: 'a', n })), { of: 'b', n: 1_000 }, { of: 1, n: 1_001 }])

    const [first, second, third, ...rest] = await lease(queue, 'keyed')
    t.deepEqual(payloadsOf([first, second].flatMap((one) => one ?? [])), [0, 1])
    const others = third ? [third, ...rest] : await lease(other, 'keyed')
    t.deepEqual(payloadsOf(others), [1_000, 1_001])
    t.is((await lease(other, 'keyed')).length, 0)

    await queue.ack({ queue: 'keyed', token: first?.token ?? '' })
    t.deepEqual(payloadsOf(await lease(other, 'keyed')), [2])
  }),

  promise('with one place for each key its jobs run one after another, in order', ['limits', 'ordering', 'retryAt'], async (t, { queue, clock }) => {
    await add(queue, 'ordered', [{ of: 'a', n: 1 }, { of: 'a', n: 2 }, { of: 'b', n: 3 }, { of: 'a', n: 4 }])

    const [a, b] = await lease(queue, 'ordered')
    t.deepEqual(payloadsOf([a, b].flatMap((one) => one ?? [])), [1, 3])
    // One that is tried again keeps its place.
    await queue.fail({ queue: 'ordered', token: a?.token ?? '', error: { message: 'x' }, retryInMs: 2_000 })
    await queue.ack({ queue: 'ordered', token: b?.token ?? '' })
    t.is((await lease(queue, 'ordered')).length, 0)

    await clock.advance(2_000)
    const again = await leaseOne(queue, { queue: 'ordered', leaseMs: 500 })
    t.like(again.job, { payload: { n: 1 }, attempt: 2 })
    // So does one whose worker was lost.
    await clock.advance(500)
    const [third] = await lease(queue, 'ordered')
    t.like(third?.job, { payload: { n: 1 }, attempt: 3, crashes: 1 })
    t.is((await lease(queue, 'ordered')).length, 0)

    await queue.release({ queue: 'ordered', token: third?.token ?? '' })
    const [released] = await lease(queue, 'ordered')
    t.like(released?.job, { payload: { n: 1 } })
    await queue.ack({ queue: 'ordered', token: released?.token ?? '' })
    t.deepEqual(payloadsOf(await lease(queue, 'ordered')), [2])
  }),

  promise('a job that is given up or cancelled lets the next of its key go', ['limits', 'ordering', 'cancel'], async (t, { queue }) => {
    await add(queue, 'ordered', [1, 2, 3, 4].map((n) => ({ of: 'a', n })))

    const first = await leaseOne(queue, { queue: 'ordered' })
    t.is((await lease(queue, 'ordered')).length, 0)
    await queue.fail({ queue: 'ordered', token: first.token, error: { message: 'x' }, dead: true })
    const second = await leaseOne(queue, { queue: 'ordered' })
    t.is((await lease(queue, 'ordered')).length, 0)
    await queue.discard({ queue: 'ordered', id: second.job.id })

    t.deepEqual(payloadsOf(await lease(queue, 'ordered')), [3])
  }),

  promise('a dead job that is put back takes its turn with its key', ['limits', 'ordering', 'deadLetters'], async (t, { queue }) => {
    await add(queue, 'ordered', [1, 2].map((n) => ({ of: 'a', n })))
    const first = await leaseOne(queue, { queue: 'ordered' })
    await queue.fail({ queue: 'ordered', token: first.token, error: { message: 'x' }, dead: true })
    const second = await leaseOne(queue, { queue: 'ordered' })

    t.deepEqual(await queue.redrive({ queue: 'ordered', ids: [first.job.id] }), { moved: 1 })
    t.is((await lease(queue, 'ordered')).length, 0)
    await queue.ack({ queue: 'ordered', token: second.token })
    t.deepEqual(idsOf(await lease(queue, 'ordered')), [first.job.id])
  }),

  promise('within a key the higher priority goes first', ['limits', 'ordering', 'priority'], async (t, { queue }) => {
    await add(queue, 'ordered', [{ of: 'a', n: 1 }, { of: 'a', n: 2, priority: 1 }])

    t.deepEqual(payloadsOf(await lease(queue, 'ordered')), [2])
  }),

  promise('eight workers in two replicas never run two jobs of a key at once, nor out of order, and run all of them', ['limits', 'ordering'], async (t, { queue, other }) => {
    await add(queue, 'ordered', Array.from({ length: 60 }, (_, n) => ({ of: `k${n % 7}`, n })))

    const { most, done, total } = await workThrough([queue, other], 'ordered', 60)

    t.is(most, 1)
    t.is(total, 60)
    for (const [of, numbers] of done) t.deepEqual(numbers, numbers.toSorted((a, b) => a - b), of)
  }),

  promise('eight workers in two replicas keep to the places of each key, and run all jobs', ['limits'], async (t, { queue, other }) => {
    await add(queue, 'keyed', Array.from({ length: 60 }, (_, n) => ({ of: `k${n % 3}`, n })))

    const { most, total } = await workThrough([queue, other], 'keyed', 60)

    t.true(most <= 2, `${most} at once`)
    t.is(total, 60)
  }),

  promise('a rate lets through what its bucket holds, then one after another', ['limits'], async (t, { queue, other, clock }) => {
    await add(queue, 'slow', [1, 2, 3, 4, 5, 6].map((n) => ({ of: 'a', n })))

    t.is((await lease(queue, 'slow')).length, 3)
    t.is((await lease(other, 'slow')).length, 0)
    await clock.advance(3_000)
    t.is((await lease(other, 'slow')).length, 1)
    t.is((await lease(queue, 'slow')).length, 0)

    const waiting = queue.lease({ queue: 'slow', max: 10, waitMs: 20_000 })
    await moveUntil(waiting, clock, 3_000)
    t.is((await waiting).items.length, 1)
  }),

  promise('a payload without the key of its queue is refused with its place', ['limits'], async (t, { queue }) => {
    for (const payload of [{ n: 1 }, { of: null }, { of: [] }, 'text', null]) {
      const error = await t.throwsAsync<Error & { errors: { path: string }[] }>(queue.enqueue({ queue: 'keyed', payload }), { code: 'QUEUE_PAYLOAD_INVALID' })
      t.is(error?.errors[0]?.path, '/payload/of')
    }
    const error = await t.throwsAsync<Error & { errors: { path: string }[] }>(queue.enqueueMany({ queue: 'keyed', jobs: [{ payload: { of: 'a' } }, { payload: {} }] }), { code: 'QUEUE_PAYLOAD_INVALID' })
    t.is(error?.errors[0]?.path, '/jobs/1/payload/of')
    await queue.enqueue({ queue: 'keyed', payload: { of: 'x'.repeat(10_000), n: 1 } })
    t.is((await lease(queue, 'keyed')).length, 1)
  }),

  promise('a low priority is not starved: what waited long enough goes first', ['priority'], async (t, { queue, clock }) => {
    await queue.enqueue({ queue: 'aged', payload: 'old' })
    await clock.advance(2_000)
    await queue.enqueueMany({ queue: 'aged', jobs: [{ payload: 'urgent', priority: 20 }, { payload: 'important', priority: 2 }] })

    t.deepEqual((await queue.lease({ queue: 'aged', max: 3 })).items.map(({ job }) => job.payload), ['urgent', 'old', 'important'])
  }),

  promise('a job is given up at its deadline, wherever it is', ['deadline', 'inspect', 'retryAt'], async (t, { queue, clock }) => {
    const [active, failing, waits] = (await queue.enqueueMany({ queue: 'hurried', jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }] })).items
    const [first, second] = (await queue.lease({ queue: 'hurried', max: 2 })).items
    t.true((first?.expiresInMs ?? 0) <= 4_000)
    t.deepEqual(await queue.fail({ queue: 'hurried', token: second?.token ?? '', error: { message: 'x', code: 'X' }, retryInMs: 4_100 }), { state: 'dead' })

    await clock.advance(4_000)
    await t.throwsAsync(queue.ack({ queue: 'hurried', token: first?.token ?? '' }), lost)
    t.is((await lease(queue, 'hurried')).length, 0)

    for (const job of [active, failing, waits]) {
      const { state, errors } = await queue.get({ queue: 'hurried', id: job?.id ?? '' })
      t.is(state, 'dead')
      t.is(errors.at(-1)?.code, 'QUEUE_DEADLINE_PASSED')
    }
  }),

  promise('a lease is not extended beyond the deadline', ['deadline', 'extend'], async (t, { queue }) => {
    await queue.enqueue({ queue: 'hurried', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'hurried', leaseMs: 500 })

    const { expiresInMs } = await queue.extend({ queue: 'hurried', token, leaseMs: 60_000 })

    t.true(expiresInMs <= 4_000 && expiresInMs > 0, String(expiresInMs))
  }),

  promise('a payload that breaks the schema of its queue is refused, and nothing is added', [], async (t, { queue }) => {
    const invalid = { code: 'QUEUE_PAYLOAD_INVALID' }
    const error = await t.throwsAsync<Error & { errors: { path: string }[] }>(queue.enqueue({ queue: 'typed', payload: { to: 5 } }), invalid)
    t.is(error?.errors[0]?.path, '/payload/to')
    await t.throwsAsync(queue.enqueueMany({ queue: 'typed', jobs: [{ payload: { to: 'a' } }, { payload: {} }] }), invalid)

    await queue.enqueue({ queue: 'typed', payload: { to: 'b' } })

    t.deepEqual((await queue.lease({ queue: 'typed', max: 10 })).items.map(({ job }) => job.payload), [{ to: 'b' }])
  }),

  promise('an ack in a unit of work is done when it is committed, with all the rest', ['units', 'inspect'], async (t, { queue, unit }) => {
    const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
    const { token } = await leaseOne(queue, { queue: 'emails' })
    const work = unit()
    await queue.ack({ queue: 'emails', token, result: 'ok' }, { unit: work.unit })
    await queue.enqueue({ queue: 'parking', payload: 2 }, { unit: work.unit })
    t.is((await queue.get({ queue: 'emails', id })).state, 'active')

    await work.commit()

    t.like(await queue.get({ queue: 'emails', id }), { state: 'done', result: 'ok' })
    t.is((await lease(queue, 'parking')).length, 1)
  }),

  promise('a unit whose lease was lost changes nothing', ['units', 'limits', 'inspect', 'cancel'], async (t, { queue, unit }) => {
    for (const name of ['emails', 'ordered']) {
      const { id } = await queue.enqueue({ queue: name, payload: { of: 'a' } })
      const { token } = await leaseOne(queue, { queue: name })
      const work = unit()
      await queue.enqueue({ queue: 'parking', payload: 2 }, { unit: work.unit })
      await queue.ack({ queue: name, token }, { unit: work.unit })
      await queue.discard({ queue: name, id })

      await t.throwsAsync(work.commit(), lost)

      t.is((await lease(queue, 'parking')).length, 0)
      t.is((await queue.get({ queue: name, id })).state, 'cancelled')
    }
  }),
]
