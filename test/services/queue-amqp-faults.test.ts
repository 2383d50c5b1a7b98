import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { isPorticoError } from '../../kernel/index.ts'
import type { Lease } from '../../kernel/ports/queue/index.ts'
import { openWire } from './amqp-wire.ts'
import { eventually, leaseOne, lost, startQueue, through } from './queue-amqp-start.ts'
import { openVhost, type Vhost } from './rabbitmq.ts'
import { testWith } from './server.ts'
import { openProxy, type Proxy } from './toxiproxy.ts'

/** One replica through a proxy, and one straight at the broker. */
function faultTest(title: string, body: (t: ExecutionContext, proxy: Proxy, vhost: Vhost, start: (settings?: object) => ReturnType<typeof startQueue>) => Promise<void>): void {
  testWith(['RABBITMQ', 'TOXIPROXY'], title, async (t, url = '', api = '') => {
    const vhost = await openVhost(t, url)
    const proxy = await openProxy(t, api, new URL(url).host)
    await body(t, proxy, vhost, (settings = {}) => startQueue(t, vhost, { url: through(vhost.url, proxy.port), settings }))
  })
}

const codeOf = (error: unknown) => (isPorticoError(error) ? error.code : error)

faultTest('a connection that is lost takes its leases with it: each verb is refused, and the jobs run elsewhere', async (t, proxy, vhost, start) => {
  const [{ queue }, { queue: other }] = [await start(), await startQueue(t, vhost)]
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 1 }, { payload: 2 }] })
  const { items } = await queue.lease({ queue: 'emails', max: 2, waitMs: 2_000 })
  t.is(items.length, 2)

  await proxy.cut()
  const again = [await leaseOne(other, { queue: 'emails' }), await leaseOne(other, { queue: 'emails' })]
  for (const { job } of again) {
    t.like(job, { attempt: 2, crashes: 1 })
    t.is(job.errors[0]?.code, 'QUEUE_WORKER_LOST')
  }

  const tokens = items.map(({ token }) => token)
  for (const token of tokens) await t.throwsAsync(queue.ack({ queue: 'emails', token }), lost)
  await proxy.restore()
  await eventually(() => queue.lease({ queue: 'emails' }, { timeoutMs: 1_000 }).then(() => true, () => false))
  for (const token of tokens) await t.throwsAsync(queue.fail({ queue: 'emails', token, error: { message: 'late' } }), lost)
  for (const { token } of again) t.deepEqual(await other.ack({ queue: 'emails', token }), { state: 'done' })
})

faultTest('who waits when the connection is lost has its job once it is back', async (t, proxy, vhost, start) => {
  const [{ queue }, { queue: other }] = [await start(), await startQueue(t, vhost)]
  const waiting = queue.lease({ queue: 'emails', waitMs: 15_000 })
  await sleep(100)
  await proxy.cut()
  await sleep(500)
  await proxy.restore()
  await other.enqueue({ queue: 'emails', payload: 'after' })

  const { items: [lease] } = await waiting
  t.is(lease?.job.payload, 'after')
  t.deepEqual(await queue.ack({ queue: 'emails', token: lease?.token ?? '' }), { state: 'done' })
})

faultTest('without a connection calls are told that it is unavailable, at once after a while, and go on when it is back', async (t, proxy, _vhost, start) => {
  const { queue } = await start({ acquireTimeout: '300ms' })
  await proxy.cut()
  await sleep(100)

  const startedMs = performance.now()
  await t.throwsAsync(queue.enqueue({ queue: 'emails', payload: 1 }), { code: 'DATABASE_UNAVAILABLE' })
  await t.throwsAsync(queue.lease({ queue: 'emails' }), { code: 'DATABASE_UNAVAILABLE' })
  // Without a limit of its own each would wait for half a minute.
  t.true(performance.now() - startedMs < 8_000)

  await proxy.restore()
  await eventually(() => queue.enqueue({ queue: 'emails', payload: 2 }).then(() => true, () => false))
  await eventually(() => queue.lease({ queue: 'emails' }).then(({ items: [lease] }) => lease?.job.payload === 2, () => false))
  t.pass()
})

faultTest('a job that was sent and never confirmed is told as an outcome unknown, and it is there', async (t, proxy, vhost, start) => {
  const [{ queue }, { queue: other }] = [await start({ heartbeat: '1s' }), await startQueue(t, vhost)]
  await queue.enqueue({ queue: 'emails', payload: 'first' })
  await proxy.hang('answers')

  const error = await t.throwsAsync(queue.enqueue({ queue: 'emails', payload: 'second' }, { timeoutMs: 2_000 }))
  t.true(['DATABASE_OUTCOME_UNKNOWN', 'CALL_OUTCOME_UNKNOWN'].includes(String(codeOf(error))), String(codeOf(error)))

  const { items } = await other.lease({ queue: 'emails', max: 2, waitMs: 2_000 })
  t.deepEqual(items.map(({ job }) => job.payload), ['first', 'second'])
})

faultTest('a half-open connection ends each call by its deadline, and is made anew after its heartbeats', async (t, proxy, _vhost, start) => {
  const { queue } = await start({ heartbeat: '1s' })
  await queue.enqueue({ queue: 'emails', payload: 1 })
  await proxy.hang('all')

  const startedMs = performance.now()
  const stalled = await Promise.allSettled(Array.from({ length: 8 }, () => queue.lease({ queue: 'emails' }, { timeoutMs: 500 })))
  t.true(performance.now() - startedMs < 4_000)
  t.true(stalled.every((one) => one.status === 'rejected' && isPorticoError(one.reason)))

  await sleep(3_500)
  await proxy.restore()
  await eventually(() => queue.lease({ queue: 'emails' }, { timeoutMs: 1_000 }).then(({ items }) => items.length === 1, () => false), 15_000)
})

faultTest('an ack whose answer got lost does not make this replica do the job again', async (t, proxy, vhost, start) => {
  const { queue } = await start({ heartbeat: '1s' })
  await queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'acked' }, { payload: 'other' }] })
  const { token, job } = await leaseOne(queue, { queue: 'emails' })
  t.is(job.payload, 'acked')
  await proxy.hang('all')

  const error = await t.throwsAsync(queue.ack({ queue: 'emails', token }, { timeoutMs: 1_500 }))
  t.true(['DATABASE_OUTCOME_UNKNOWN', 'CALL_OUTCOME_UNKNOWN', 'CALL_DEADLINE_EXCEEDED'].includes(String(codeOf(error))), String(codeOf(error)))
  await proxy.cut()
  await proxy.restore()

  const next: Lease[] = []
  await eventually(async () => {
    next.push(...(await queue.lease({ queue: 'emails' }).catch(() => ({ items: [] }))).items)
    return next.length > 0
  }, 20_000)
  t.deepEqual(next.map(({ job: one }) => one.payload), ['other'])
  await queue.ack({ queue: 'emails', token: next[0]?.token ?? '' })
  t.deepEqual(await queue.lease({ queue: 'emails', waitMs: 1_500 }), { items: [] })
  await eventually(async () => (await vhost.api<{ readonly messages?: number }>('GET', `/queues/${vhost.name}/shop.queue.emails`)).messages === 0)
})

faultTest('what waits for its confirmation is bounded: beyond it a job is refused as busy, and not sent', async (t, proxy, vhost, start) => {
  const [{ queue }, { queue: other }] = [await start({ maxUnconfirmed: 3, heartbeat: '1s' }), await startQueue(t, vhost)]
  await queue.enqueue({ queue: 'parking', payload: 'opens the channel' })
  await proxy.hang('answers')
  const waiting = Array.from({ length: 3 }, (_, at) => queue.enqueue({ queue: 'emails', payload: at }, { timeoutMs: 2_000 }).catch(codeOf))

  await t.throwsAsync(queue.enqueue({ queue: 'emails', payload: 'beyond' }), { code: 'DATABASE_BUSY' })

  const { items } = await other.lease({ queue: 'emails', max: 10, waitMs: 2_000 })
  t.true(items.every(({ job }) => job.payload !== 'beyond'))
  await Promise.all(waiting)
})

testWith(['RABBITMQ'], 'a job that reaches no queue is refused, and the queue is declared again', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await startQueue(t, vhost)
  await vhost.api('DELETE', `/queues/${vhost.name}/shop.queue.emails`)

  await t.throwsAsync(queue.enqueue({ queue: 'emails', payload: 1 }), { code: 'DATABASE_UNAVAILABLE' })

  await eventually(() => queue.enqueue({ queue: 'emails', payload: 2 }).then(() => true, () => false))
  t.is((await leaseOne(queue, { queue: 'emails' })).job.payload, 2)
})

testWith(['RABBITMQ'], 'a lease on a queue that somebody deleted is an error that passes', async (t, url) => {
  const vhost = await openVhost(t, url)
  const { queue } = await startQueue(t, vhost)
  await vhost.api('DELETE', `/queues/${vhost.name}/shop.queue.emails`)

  await t.throwsAsync(queue.lease({ queue: 'emails' }), { code: 'DATABASE_UNAVAILABLE' })

  await eventually(() => queue.lease({ queue: 'emails' }).then(() => true, () => false))
})

testWith(['RABBITMQ'], 'while the broker is short of memory jobs are refused as busy, and those in hand are acknowledged', async (t, url) => {
  const vhost = await openVhost(t, url)
  const wire = await openWire(t, { host: new URL(url).hostname, port: Number(new URL(url).port) })
  const { queue } = await startQueue(t, vhost, { url: through(vhost.url, wire.port) })
  await queue.enqueue({ queue: 'emails', payload: 1 })
  const { token } = await leaseOne(queue, { queue: 'emails' })

  wire.blocked('low on memory')
  await eventually(() => queue.enqueue({ queue: 'parking', payload: 'fills' }).then(() => false, (error: unknown) => codeOf(error) === 'DATABASE_BUSY'))
  t.deepEqual(await queue.ack({ queue: 'emails', token }), { state: 'done' })

  wire.unblocked()
  await eventually(() => queue.enqueue({ queue: 'emails', payload: 2 }).then(() => true, () => false))
  t.is((await leaseOne(queue, { queue: 'emails' })).job.payload, 2)
})

testWith(['RABBITMQ'], 'a start that cannot succeed says what to change', async (t, url) => {
  const vhost = await openVhost(t, url)
  const wrong = async (change: (url: URL) => void) => {
    const given = new URL(vhost.url)
    change(given)
    return t.throwsAsync(startQueue(t, vhost, { url: given.href, settings: { connectWithin: '500ms' } }), { code: 'DATABASE_FAILED' })
  }

  t.regex((await wrong((at) => { at.password = 'wrong' })).message, /user or the password/)
  t.regex((await wrong((at) => { at.pathname = '/nowhere' })).message, /vhost/)
  t.regex((await wrong((at) => { at.port = '1' })).message, /nobody listens/)
  t.regex((await wrong((at) => { at.hostname = 'broker.invalid' })).message, /host is not known/)
  t.regex((await wrong((at) => { at.protocol = 'amqps:' })).message, /TLS/)

  await vhost.api('PUT', `/queues/${vhost.name}/shop.queue.emails`, { durable: true, arguments: { 'x-queue-type': 'classic' } })
  const foreign = await t.throwsAsync(startQueue(t, vhost), { code: 'DATABASE_FAILED' })
  t.regex(foreign.message, /shop\.queue\.emails.*other arguments|other arguments.*shop\.queue\.emails/)
})
