import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Lease } from '../../kernel/ports/queue/index.ts'
import { silentLog } from '../contract/log.ts'
import type { BoundQueue } from '../contract/queue.ts'
import { openVhost, type Vhost } from './rabbitmq.ts'
import { testWith } from './server.ts'

const lost = { code: 'QUEUE_LEASE_LOST' }
const queues = {
  emails: {},
  strict: { attempts: 3, backoff: { initial: '0ms', max: '0ms' }, lease: '300ms', maxCrashes: 2 },
} as const

interface StartOptions {
  readonly url?: string
  readonly settings?: object
}

async function start(t: ExecutionContext, vhost: Vhost, { url = vhost.url, settings = {} }: StartOptions = {}) {
  const manifest = { version: 1, name: 'shop', connections: { broker: { use: 'amqplib', with: { url, ...settings } } }, ports: { queue: { on: 'broker', queues } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return { kernel, queue: kernel.ports.queue }
}

async function leaseOne(queue: BoundQueue, input: { readonly queue: string; readonly leaseMs?: number; readonly waitMs?: number }): Promise<Lease> {
  const [lease] = (await queue.lease({ waitMs: 5_000, ...input })).items
  if (!lease) throw new Error(`no job came in ${input.queue}`)
  return lease
}

testWith(['RABBITMQ'], 'a waiting worker of another replica has a job within 20 ms of its enqueueing', async (t, url) => {
  const vhost = await openVhost(t, url)
  const [{ queue }, { queue: other }] = [await start(t, vhost), await start(t, vhost)]
  const tookMs: number[] = []
  for (let round = 0; round < 10; round++) {
    const waiting = other.lease({ queue: 'emails', waitMs: 5_000 })
    await sleep(50)

    const askedMs = performance.now()
    await queue.enqueue({ queue: 'emails', payload: round })
    const { items: [lease] } = await waiting
    tookMs.push(performance.now() - askedMs)

    t.is(lease?.job.payload, round)
    await other.ack({ queue: 'emails', token: lease?.token ?? '' })
  }
  t.log(tookMs.map(Math.round).join(' '))
  t.true((tookMs.sort((a, b) => a - b)[4] ?? 99) < 20)
})

testWith(['RABBITMQ'], 'a delay is kept, to a fraction of a second, also behind a longer one', async (t, url) => {
  const { queue } = await start(t, await openVhost(t, url))
  await queue.enqueue({ queue: 'emails', payload: 'long', delayMs: 60_000 })
  const begunMs = performance.now()
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'b', delayMs: 1_500 }, { payload: 'a', delayMs: 300 }] })
  t.deepEqual(await queue.lease({ queue: 'emails' }), { items: [] })

  for (const [payload, delayMs] of [['a', 300], ['b', 1_500]] as const) {
    const { job } = await leaseOne(queue, { queue: 'emails' })
    const tookMs = performance.now() - begunMs
    t.is(job.payload, payload)
    t.true(tookMs >= delayMs && tookMs < delayMs + 1_000, `${payload} came after ${tookMs} ms`)
  }
})

testWith(['RABBITMQ'], 'a lease that ended is a crash: the job comes back, its verbs are refused, and at the last one it is dead', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await start(t, vhost)
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
