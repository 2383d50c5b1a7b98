import { setTimeout as sleep } from 'node:timers/promises'
import { enqueueToLease } from './latency.ts'
import { leaseOne, lost, startQueue } from './queue-amqp-start.ts'
import { openVhost } from './rabbitmq.ts'
import { testWith } from './server.ts'

testWith(['RABBITMQ'], 'a waiting worker of another replica has a job within 20 ms of its enqueueing', async (t, url) => {
  const vhost = await openVhost(t, url)
  const [{ queue }, { queue: other }] = [await startQueue(t, vhost), await startQueue(t, vhost)]
  await enqueueToLease(t, queue, other)
})

testWith(['RABBITMQ'], 'a delay is kept, to a fraction of a second, also behind a longer one', async (t, url) => {
  const { queue } = await startQueue(t, await openVhost(t, url))
  await queue.enqueue({ queue: 'emails', payload: 'long', delayMs: 60_000 })
  const begunMs = performance.now()
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'b', delayMs: 1_500 }, { payload: 'a', delayMs: 300 }] })
  t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })

  for (const [payload, delayMs] of [['a', 300], ['b', 1_500]] as const) {
    const { job } = await leaseOne(queue, { queue: 'emails' })
    const tookMs = performance.now() - begunMs
    t.is(job.payload, payload)
    t.true(tookMs >= delayMs && tookMs < delayMs + 4_000, `${payload} came after ${tookMs} ms`)
  }
})

testWith(['RABBITMQ'], 'a lease that ended is a crash: the job comes back, its verbs are refused, and at the last one it is dead', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await startQueue(t, vhost)
  const { id } = await queue.enqueue({ queue: 'strict', payload: 'poison' })
  const first = await leaseOne(queue, { queue: 'strict' })

  const second = await leaseOne(queue, { queue: 'strict' })
  t.like(second.job, { id, attempt: 2, crashes: 1 })
  t.is(second.job.errors[0]?.code, 'QUEUE_WORKER_LOST')
  for (const verb of ['ack', 'release'] as const) await t.throwsAsync(queue[verb]({ queue: 'strict', token: first.token }), lost)
  await t.throwsAsync(queue.extend({ queue: 'strict', token: first.token, leaseMs: 1_000 }), lost)
  t.deepEqual(await queue.lease({ queue: 'strict', waitMs: 1_500 }), { items: [] })

  const [dead] = await vhost.peek('shop.queue.strict.dead')
  t.like(dead, { payload: '"poison"' })
  t.like(JSON.parse(String(dead?.properties.headers['portico-job'])), { errors: [{ code: 'QUEUE_WORKER_LOST', attempt: 1 }, { code: 'QUEUE_WORKER_LOST', attempt: 2 }] })
})

testWith(['RABBITMQ'], 'a job that failed for the last time is a dead letter with its errors, for as long as those are kept', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await startQueue(t, vhost)
  const { id } = await queue.enqueue({ queue: 'strict', payload: { to: 'a@example.com' } })

  for (const state of ['scheduled', 'scheduled', 'dead']) {
    const { token } = await leaseOne(queue, { queue: 'strict', leaseMs: 5_000 })
    t.like(await queue.fail({ queue: 'strict', token, error: { message: 'no route', code: 'SMTP_451' } }), { state })
  }

  const [dead, ...more] = await vhost.peek('shop.queue.strict.dead')
  t.deepEqual(more, [])
  t.like(dead, { payload: '{"to":"a@example.com"}', properties: { message_id: id, expiration: String(30 * 86_400_000) } })
  t.is(dead?.properties.headers['portico-reason'], 'no route')
  t.deepEqual(errorsOf(dead).map(({ attempt, code }) => [attempt, code]), [[1, 'SMTP_451'], [2, 'SMTP_451'], [3, 'SMTP_451']])
})

testWith(['RABBITMQ'], 'a dead letter that the broker moves back has all its attempts again', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await startQueue(t, vhost)
  const { id } = await queue.enqueue({ queue: 'emails', payload: 1 })
  const { token } = await leaseOne(queue, { queue: 'emails' })
  await queue.fail({ queue: 'emails', token, error: { message: 'never' }, dead: true })
  const [dead] = await vhost.peek('shop.queue.emails.dead')

  await vhost.publish('shop.queue.emails', dead?.payload ?? '', dead?.properties ?? {})

  const { job } = await leaseOne(queue, { queue: 'emails' })
  t.like(job, { id, attempt: 1, crashes: 0, errors: [{ message: 'never' }] })
})

testWith(['RABBITMQ'], 'what is no job of ours goes to the dead letters as it came, and no worker meets it', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await startQueue(t, vhost)
  const state = { attempt: 0, attempts: 8, crashes: 0, runAt: 0, enqueuedAt: 0, revision: 1, errors: [] }
  const id = '01a21587-4c4a-7000-9321-eb665211e832'
  const ours = (given: object | string) => ({ 'portico-job': typeof given === 'string' ? given : JSON.stringify(given) })
  const foreign: readonly (readonly [string, object])[] = [
    ['hello', {}],
    ['{"an":"order"}', { headers: {} }],
    ['1', { message_id: 'x', headers: ours(state) }],
    ['no json', { message_id: id, headers: ours(state) }],
    ['1', { message_id: id, headers: ours('{') }],
    ['1', { message_id: id, headers: ours({ ...state, attempt: -1 }) }],
    ['1', { message_id: id, headers: ours({ ...state, errors: [{ at: 7 }] }) }],
    ['1', { message_id: id, headers: ours(null as never) }],
    ['1', { message_id: id, headers: { 'portico-job': 7 } }],
  ]
  for (const [payload, properties] of foreign) await vhost.publish('shop.queue.emails', payload, properties)
  await queue.enqueue({ queue: 'emails', payload: 'ours' })

  const { items } = await queue.lease({ queue: 'emails', max: 100, waitMs: 2_000 })

  t.deepEqual(items.map(({ job }) => job.payload), ['ours'])
  const dead = await vhost.peek('shop.queue.emails.dead')
  t.deepEqual(dead.map(({ payload }) => payload).sort(), foreign.map(([payload]) => payload).sort())
  t.true(dead.every(({ properties }) => typeof properties.headers['portico-reason'] === 'string'))
})

testWith(['RABBITMQ'], 'workers of two replicas do each job once, and none takes more than it asked for', async (t, url) => {
  const vhost = await openVhost(t, url)
  const replicas = [await startQueue(t, vhost), await startQueue(t, vhost)] as const
  const [{ queue }] = replicas
  const jobs = 300
  await queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: jobs }, (_, payload) => ({ payload })) })

  const done: unknown[] = []
  await Promise.all(replicas.flatMap(({ queue: own }) => Array.from({ length: 4 }, async () => {
    for (;;) {
      const { items } = await own.lease({ queue: 'emails', max: 7 })
      if (items.length === 0) return
      t.true(items.length <= 7)
      for (const { token, job } of items) {
        await own.ack({ queue: 'emails', token })
        done.push(job.payload)
      }
    }
  })))

  t.deepEqual(done.toSorted((a, b) => Number(a) - Number(b)), Array.from({ length: jobs }, (_, at) => at))
  t.is(new Set(done).size, jobs)
})

testWith(['RABBITMQ'], 'a replica that closes gives its jobs back, and their attempts are not counted', async (t, url) => {
  const vhost = await openVhost(t, url)
  const [{ kernel, queue }, { queue: other }] = [await startQueue(t, vhost), await startQueue(t, vhost)]
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }] })
  t.is((await queue.lease({ queue: 'emails', max: 2, waitMs: 2_000 })).items.length, 2)
  const waiting = queue.lease({ queue: 'emails', waitMs: 20_000 })

  t.is(await kernel.close(), 0)

  t.deepEqual(await waiting, { items: [] })
  for (const _ of [1, 2]) t.like((await leaseOne(other, { queue: 'emails' })).job, { attempt: 1, crashes: 0, errors: [] })
})

testWith(['RABBITMQ'], 'a lease ends at the latest when the broker would take its job back, however often it is extended', async (t, url) => {
  const { queue } = await startQueue(t, await openVhost(t, url), { settings: { maxHold: '1s' } })
  await queue.enqueue({ queue: 'emails', payload: 1 })

  const { token, expiresInMs } = await leaseOne(queue, { queue: 'emails', leaseMs: 60_000 })
  t.true(expiresInMs <= 1_000)
  await sleep(300)
  const extended = await queue.extend({ queue: 'emails', token, leaseMs: 60_000 })
  t.true(extended.expiresInMs <= 750, `${extended.expiresInMs}`)

  t.like((await leaseOne(queue, { queue: 'emails' })).job, { attempt: 2, crashes: 1 })
  await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
})

function errorsOf(dead: { readonly properties: { readonly headers: Readonly<Record<string, unknown>> } } | undefined): readonly { readonly attempt: number; readonly code?: string }[] {
  const { errors } = JSON.parse(String(dead?.properties.headers['portico-job'])) as { readonly errors: readonly { readonly attempt: number; readonly code?: string }[] }
  return errors
}

testWith(['RABBITMQ'], 'what became of jobs is counted, a lost worker when its job comes back; what the broker holds is not told', async (t, url) => {
  const { kernel, queue } = await startQueue(t, await openVhost(t, url))
  await queue.enqueueMany({ queue: 'strict', jobs: [{ payload: 1 }, { payload: 2 }] })
  const one = await leaseOne(queue, { queue: 'strict', leaseMs: 30_000 })
  await queue.ack({ queue: 'strict', token: one.token })
  await queue.ack({ queue: 'strict', token: one.token })
  const late = await leaseOne(queue, { queue: 'strict', leaseMs: 300 })
  const again = await leaseOne(queue, { queue: 'strict', leaseMs: 30_000 })
  await t.throwsAsync(queue.ack({ queue: 'strict', token: late.token }), lost)
  await queue.fail({ queue: 'strict', token: again.token, error: { message: 'no' }, dead: true })

  const lines = (await kernel.metrics()).split('\n')

  const strict = '{binding="queue",queue="strict"}'
  for (const figure of [
    'enqueued_total 2', 'attempts_total 3', 'done_total 1', 'failures_total 1', 'lost_leases_total 1', 'crashes_total 1', 'dead_letters_total 1', 'wait_duration_seconds_count 3', 'run_duration_seconds_count 2',
  ]) t.true(lines.includes(`portico_queue_${figure.replace(' ', `${strict} `)}`), figure)
  t.false(lines.some((line) => line.startsWith('portico_queue_jobs') || line.startsWith('portico_queue_oldest')))
})
