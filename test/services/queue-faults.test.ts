import { createKernel } from '../../kernel/index.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock } from '../../kernel/plugin.ts'
import { silentLog } from '../contract/log.ts'
import { databaseOf, testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

const servers = ['POSTGRES', 'MARIADB', 'REDIS', 'MONGODB'] as const
const emails = 'emails'
const hour = 3_600_000
const off = (byMs: number): Clock => ({ now: () => systemClock.now() + byMs, after: (delayMs, task) => systemClock.after(delayMs, task) })

for (const server of servers) {
  testWith([server], 'replicas whose clocks are an hour off lease, extend, retry and end jobs by the backend\'s time', async (t, url) => {
    const { connection } = await databaseOf(t, url)
    const manifest = { version: 1, name: 'faults', connections: { main: connection }, ports: { queue: { on: 'main', queues: { [emails]: {} } } } }
    const [right, late, early] = await Promise.all([0, -hour, hour].map((byMs) => createKernel(manifest, { log: silentLog, env: {}, clock: off(byMs) })))
    if (!right || !late || !early) throw new Error('three kernels were started')
    t.teardown(() => Promise.all([right.close(), late.close(), early.close()]))

    for (const { ports } of [late, early]) {
      await ports.queue.enqueueMany({ queue: emails, jobs: [{ payload: 'now' }, { payload: 'later', delayMs: 1_500 }] })
      const leased = await ports.queue.lease({ queue: emails, max: 10, leaseMs: 30_000 })
      t.deepEqual(leased.items.map(({ job }) => job.payload), ['now'])
      // Nobody takes the lease of a live worker away, and nobody runs a job before its time.
      for (const other of [right, late, early]) t.is((await other.ports.queue.lease({ queue: emails, max: 10 })).items.length, 0)
      const token = leased.items[0]?.token ?? ''
      t.true((await right.ports.queue.extend({ queue: emails, token, leaseMs: 30_000 })).expiresInMs > 25_000)
      t.is((await ports.queue.ack({ queue: emails, token })).state, 'done')

      const [delayed] = (await right.ports.queue.lease({ queue: emails, waitMs: 10_000 })).items
      t.is(delayed?.job.payload, 'later')
      const failed = await ports.queue.fail({ queue: emails, token: delayed?.token ?? '', error: { message: 'x' }, retryInMs: 500 })
      t.is(failed.state, 'scheduled')
      const [again] = (await right.ports.queue.lease({ queue: emails, waitMs: 10_000 })).items
      t.is(again?.job.attempt, 2)
      await right.ports.queue.ack({ queue: emails, token: again?.token ?? '' })
    }
  })

  testWith([server], 'replicas whose clocks are an hour off name times, deadlines and places in line by the backend\'s time', async (t, url) => {
    const { connection } = await databaseOf(t, url)
    const queues = { [emails]: {}, hurried: { deadline: '30m' }, ranked: {} }
    const manifest = { version: 1, name: 'faults', connections: { main: connection }, ports: { queue: { on: 'main', queues } } }
    const [right, late, early] = await Promise.all([0, -hour, hour].map((byMs) => createKernel(manifest, { log: silentLog, env: {}, clock: off(byMs) })))
    if (!right || !late || !early) throw new Error('three kernels were started')
    t.teardown(() => Promise.all([right.close(), late.close(), early.close()]))
    const inHalfAnHour = new Date(Date.now() + hour / 2).toISOString()
    const halfAnHourAgo = new Date(Date.now() - hour / 2).toISOString()

    for (const { ports: { queue } } of [late, early]) {
      t.is((await queue.enqueue({ queue: emails, payload: 'later', runAt: inHalfAnHour })).state, 'scheduled')
      t.is((await queue.enqueue({ queue: emails, payload: 'now', runAt: halfAnHourAgo })).state, 'ready')
      t.deepEqual((await right.ports.queue.lease({ queue: emails, max: 10 })).items.map(({ job }) => job.payload), ['now'])

      const { enqueuedAt } = await queue.enqueue({ queue: 'hurried', payload: 1 })
      t.true(Math.abs(Date.parse(enqueuedAt) - Date.now()) < 60_000, enqueuedAt)
      t.is((await right.ports.queue.lease({ queue: 'hurried', max: 10 })).items.length, 1)
    }

    await early.ports.queue.enqueue({ queue: 'ranked', payload: 'second', priority: 1 })
    await right.ports.queue.enqueue({ queue: 'ranked', payload: 'third' })
    await late.ports.queue.enqueue({ queue: 'ranked', payload: 'first', priority: 10 })
    t.deepEqual((await right.ports.queue.lease({ queue: 'ranked', max: 10 })).items.map(({ job }) => job.payload), ['first', 'second', 'third'])
  })

  testWith([server], 'what a replica that is gone left to come is leased at its time, by whoever asks', async (t, url) => {
    const { connection } = await databaseOf(t, url)
    const manifest = { version: 1, name: 'faults', connections: { main: connection }, ports: { queue: { on: 'main', queues: { [emails]: {} } } } }
    const [stays, goes] = [await createKernel(manifest, { log: silentLog, env: {} }), await createKernel(manifest, { log: silentLog, env: {} })]
    t.teardown(() => stays.close())
    // It has looked, and found that nothing is due for long.
    t.deepEqual(await stays.ports.queue.lease({ queue: emails }), { items: [] })

    await goes.ports.queue.enqueue({ queue: emails, payload: 1, delayMs: 1_200 })
    await goes.close()
    t.deepEqual(await stays.ports.queue.lease({ queue: emails }), { items: [] })
    await new Promise((resolve) => setTimeout(resolve, 1_300))

    t.is((await stays.ports.queue.lease({ queue: emails })).items.length, 1)
  })

  testWith([server], 'a job whose deadline passed is leased to nobody, also where the replica that set it is gone', async (t, url) => {
    const { connection } = await databaseOf(t, url)
    const manifest = { version: 1, name: 'faults', connections: { main: connection }, ports: { queue: { on: 'main', queues: { hurried: { deadline: '1s' } } } } }
    const [stays, goes] = [await createKernel(manifest, { log: silentLog, env: {} }), await createKernel(manifest, { log: silentLog, env: {} })]
    t.teardown(() => stays.close())
    t.deepEqual(await stays.ports.queue.lease({ queue: 'hurried' }), { items: [] })

    const { id } = await goes.ports.queue.enqueue({ queue: 'hurried', payload: 1 })
    await goes.close()
    await new Promise((resolve) => setTimeout(resolve, 1_100))

    t.deepEqual(await stays.ports.queue.lease({ queue: 'hurried' }), { items: [] })
    const { state, attempt, errors } = await stays.ports.queue.get({ queue: 'hurried', id })
    t.like({ state, attempt, codes: errors.map(({ code }) => code) }, { state: 'dead', attempt: 0, codes: ['QUEUE_DEADLINE_PASSED'] })
    t.is((await stays.ports.queue.counts({ queue: 'hurried' })).dead, 1)
  })

  testWith([server, 'TOXIPROXY'], 'what was done while its answer was cut off is not done again by a repeat', async (t, url = '', api = '') => {
    const { connection, url: own } = await databaseOf(t, url)
    const proxy = await openProxy(t, api, new URL(url).host)
    const through = new URL(own)
    through.port = String(proxy.port)
    const ports = { queue: { on: 'main', queues: { [emails]: { lease: '1m' } } } }
    const kernel = await createKernel({ version: 1, name: 'faults', connections: { main: { ...connection, with: { ...connection.with, url: through.href } } }, ports }, { log: silentLog, env: {} })
    const direct = await createKernel({ version: 1, name: 'faults', connections: { main: connection }, ports }, { log: silentLog, env: {} })
    t.teardown(() => Promise.all([kernel.close(), direct.close()]))
    const { queue } = kernel.ports
    const again = async <A>(call: () => Promise<A>): Promise<A> => {
      for (let tries = 0; ; tries++) {
        try {
          return await call()
        } catch (error) {
          if (tries === 20) throw error
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
    }
    const add = (timeoutMs: number) => queue.enqueue({ queue: emails, payload: 1, idempotencyKey: 'k' }, { timeoutMs })
    await queue.enqueue({ queue: emails, payload: 'first' })

    const first = (await queue.lease({ queue: emails })).items[0]
    const ack = (timeoutMs: number) => queue.ack({ queue: emails, token: first?.token ?? '' }, { timeoutMs })
    const state = async () => (await direct.ports.queue.get({ queue: emails, id: first?.job.id ?? '' })).state
    await proxy.hang('answers')
    await t.throwsAsync(ack(700))
    const found = await state()
    await proxy.cut()
    await proxy.restore()
    t.deepEqual(await again(() => ack(3_000)), { state: 'done' })
    t.is(await state(), 'done')

    await proxy.hang('answers')
    await t.throwsAsync(add(700))
    await proxy.cut()
    await proxy.restore()
    await again(() => add(3_000))
    t.is((await direct.ports.queue.counts({ queue: emails })).ready, 1)
    // Where the pool asks a connection before it uses it, the verb itself may not have been sent.
    t.log(`before its repeat the job was ${found}`)
  })
}
