import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { relayTo } from '../tools/relay.ts'
import { enqueueToLease } from './latency.ts'
import { databaseOf, testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

async function start(t: ExecutionContext, url: string) {
  const kernel = await createKernel({ version: 1, name: 'shop', connections: { main: { use: 'postgres', with: { url } } }, ports: { queue: { on: 'main', queues: { emails: {} } } } }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel
}

function at(url: string, port: number): string {
  const moved = new URL(url)
  moved.hostname = '127.0.0.1'
  moved.port = String(port)
  return moved.href
}

testWith(['POSTGRES'], 'a job is leased in another replica within 20 ms of its enqueue, and who waits meanwhile asks less than once a second', async (t, server) => {
  const { url } = await databaseOf(t, server)
  const relay = await relayTo(url)
  t.teardown(() => relay.close())
  const [sender, worker] = [await start(t, url), await start(t, relay.url)]
  const wait = () => worker.ports.queue.lease({ queue: 'emails', waitMs: 10_000 })
  await enqueueToLease(t, sender.ports.queue, worker.ports.queue, wait)

  const idle = wait()
  await sleep(100)
  relay.roundTrips()
  await sleep(4_000)
  const asked = relay.roundTrips()
  await sender.ports.queue.enqueue({ queue: 'emails', payload: 'last' })
  await idle

  t.log(`${asked} round trips in 4 s at rest`)
  t.true(asked <= 4, `${asked} round trips`)
})

testWith(['POSTGRES', 'TOXIPROXY'], 'who waits while every connection is cut is served when they come back, whoever enqueued meanwhile', async (t, server, toxiproxy = '') => {
  const { url } = await databaseOf(t, server)
  const proxy = await openProxy(t, toxiproxy, new URL(server).host)
  const [sender, worker] = [await start(t, url), await start(t, at(url, proxy.port))]
  const waiting = worker.ports.queue.lease({ queue: 'emails', waitMs: 20_000 })
  await sleep(100)

  await proxy.cut()
  await sender.ports.queue.enqueue({ queue: 'emails', payload: 'while it was cut' })
  await sleep(300)
  const restoredMs = performance.now()
  await proxy.restore()
  const { items } = await waiting
  const tookMs = performance.now() - restoredMs

  t.log(`${tookMs.toFixed(0)} ms after the network came back`)
  t.deepEqual(items.map(({ job }) => job.payload), ['while it was cut'])
  // The net alone would take five seconds, and a failed look five more.
  t.true(tookMs < 4_900, `${tookMs} ms`)
})
