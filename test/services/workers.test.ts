import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { createKernel } from '../../kernel/index.ts'
import type { HandlerParts } from '../../kernel/plugin.ts'
import type { Job } from '../../kernel/ports/queue/index.ts'
import { silentLog } from '../contract/log.ts'
import { handlersBy } from '../kernel/fixtures/working.ts'
import { openVhost } from './rabbitmq.ts'
import { databaseOf, testWith } from './server.ts'

const fixtures = new URL('../kernel/fixtures/', import.meta.url)
const jobs = 300
const kills = 4

for (const server of ['POSTGRES', 'MARIADB'] as const) {
  testWith([server], 'workers that are killed leave each job with exactly what one run of it staged', async (t, url) => {
    const { connection } = await databaseOf(t, url)
    const manifest = {
      version: 1, name: 'shop', server: { drainTimeout: '1s' }, connections: { main: connection },
      ports: { queue: { on: 'main', queues: { emails: { lease: '1s', maxCrashes: 100, attempts: 100, backoff: { initial: '0ms' } } } }, storage: { on: 'main', collections: { mails: { indexes: [['job']] } } } },
    }
    const kernel = await createKernel(manifest, { log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    const { queue, storage } = kernel.ports
    const { items } = await queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: jobs }, (_, payload) => ({ payload })) })

    const working = JSON.stringify({ ...manifest, plugins: [fileURLToPath(new URL('keeping.ts', fixtures))] })
    const start = async () => {
      const child = spawn(process.execPath, [fileURLToPath(new URL('kernel-process.ts', fixtures)), working], { stdio: ['ignore', 'pipe', 'inherit'] })
      t.teardown(() => { child.kill('SIGKILL') })
      await once(child.stdout, 'data')
      return child
    }
    let killed = 0
    for (; killed < kills; killed++) {
      const child = await start()
      await setTimeout(10 + Math.random() * 40)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const last = await start()
    while ((await queue.counts({ queue: 'emails' })).done < jobs) await setTimeout(50)
    last.kill('SIGKILL')
    await once(last, 'exit')

    const kept = (await storage.find({ collection: 'mails', limit: 1_000 })).items.map(({ value }) => value['job'])
    const crashed = (await Promise.all(items.map(({ id }) => queue.get({ queue: 'emails', id })))).filter(({ crashes }) => crashes > 0)
    t.log(`${killed} kills, ${crashed.length} jobs were caught by one, ${jobs} jobs, ${kept.length} documents`)
    t.deepEqual(kept.toSorted(), items.map(({ id }) => id).toSorted())
  })
}

testWith(['REDIS'], 'a job that a handler adds in its unit is there once, although its first attempt failed after adding it', async (t, url) => {
  const { connection } = await databaseOf(t, url)
  const key = randomUUID()
  handlersBy.set(key, ({ queue }) => ({
    async emails(job: Job, { unit }: HandlerParts) {
      await queue.enqueue({ queue: 'after', payload: job.payload }, { unit })
      if (job.attempt === 1) throw new Error('not yet')
    },
  }))
  const kernel = await createKernel({
    version: 1, name: 'shop', plugins: [{ use: fileURLToPath(new URL('working.ts', fixtures)), with: { key } }], connections: { main: connection },
    ports: { queue: { on: 'main', queues: { emails: { backoff: { initial: '0ms' } }, after: {} } }, storage: { use: 'memory', collections: {} } },
  }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { queue } = kernel.ports

  await queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: 50 }, (_, payload) => ({ payload })) })
  while ((await queue.counts({ queue: 'emails' })).done < 50) await setTimeout(50)

  const { items } = await queue.list({ queue: 'after', limit: 100 })
  t.deepEqual(items.map(({ payload }) => Number(payload)).toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, payload) => payload))
})

testWith(['RABBITMQ'], 'over a broker, a handler has no unit, is renewed, and gives back at a shutdown what it has not done', async (t, url) => {
  const vhost = await openVhost(t, url)
  const key = randomUUID()
  const units: unknown[] = []
  const started = new Set<unknown>()
  handlersBy.set(key, () => ({
    emails: {
      leaseMs: 1_500,
      async run(job: Job, { unit, signal }: HandlerParts) {
        units.push(unit)
        started.add(job.payload)
        await setTimeout(job.payload === 'long' ? 60_000 : 3_000, undefined, { signal })
      },
    },
  }))
  const manifest = {
    version: 1, name: 'shop', server: { drainTimeout: '100ms' }, plugins: [{ use: fileURLToPath(new URL('working.ts', fixtures)), with: { key } }],
    connections: { broker: { use: 'amqplib', with: { url: vhost.url } } },
    ports: { queue: { on: 'broker', queues: { emails: {} } }, storage: { use: 'memory', collections: {} } },
  }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { queue } = kernel.ports

  await queue.enqueue({ queue: 'emails', payload: 'short' })
  await seen(() => started.has('short'))
  // Twice as long as its lease, and done all the same.
  await seen(() => kernel.workers[0]?.running === 0)
  await queue.enqueue({ queue: 'emails', payload: 'long' })
  await seen(() => started.has('long'))
  t.is(await kernel.close(), 0)

  const { plugins: _, ...without } = manifest
  const other = await createKernel(without, { log: silentLog, env: {} })
  t.teardown(() => other.close())
  const { items } = await other.ports.queue.lease({ queue: 'emails', max: 10, waitMs: 5_000 })
  t.deepEqual(items.map(({ job }) => [job.payload, job.attempt, job.crashes]), [['long', 1, 0]])
  t.deepEqual(units, [undefined, undefined])
})

testWith(['RABBITMQ'], 'a 410 ends the delivery of a queue that cannot be paused, and its jobs stay', async (t, url) => {
  const vhost = await openVhost(t, url)
  const receiver = createServer((_, response) => response.writeHead(410).end())
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.teardown(() => { receiver.closeAllConnections(); receiver.close() })
  const deliver = { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/` }
  const manifest = { version: 1, name: 'shop', connections: { broker: { use: 'amqplib', with: { url: vhost.url } } }, ports: { queue: { on: 'broker', queues: { emails: { deliver } } } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())

  await kernel.ports.queue.enqueue({ queue: 'emails', payload: 1 })
  await seen(() => kernel.workers[0]?.state === 'stopped' && kernel.workers[0].running === 0)

  const { items } = await kernel.ports.queue.lease({ queue: 'emails', waitMs: 5_000 })
  t.like(items[0]?.job, { payload: 1, attempt: 1, errors: [] })
})

async function seen(isSo: () => boolean): Promise<void> {
  for (let times = 0; !isSo(); times++) {
    if (times > 500) throw new Error('it never came')
    await setTimeout(20)
  }
}
