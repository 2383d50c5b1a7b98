import { setTimeout as sleep } from 'node:timers/promises'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { relayTo } from '../tools/relay.ts'
import { databaseOf, testWith } from './server.ts'

testWith(['MARIADB'], 'who waits gets a job that another replica enqueues within about a second, and asks no more than once a second', async (t, server) => {
  const { url } = await databaseOf(t, server)
  const relay = await relayTo(url)
  t.teardown(() => relay.close())
  const start = async (at: string) => {
    const kernel = await createKernel({ version: 1, name: 'shop', connections: { main: { use: 'mysql', with: { url: at } } }, ports: { queue: { on: 'main', queues: { emails: {} } } } }, { log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    return kernel.ports.queue
  }
  const [sender, worker] = [await start(url), await start(relay.url)]
  const waiting = worker.lease({ queue: 'emails', waitMs: 20_000 })
  await sleep(500)
  relay.roundTrips()
  const restedMs = performance.now()
  await sleep(4_000)
  const asked = relay.roundTrips()
  const seconds = (performance.now() - restedMs) / 1_000

  const enqueuedMs = performance.now()
  await sender.enqueue({ queue: 'emails', payload: 1 })
  const { items } = await waiting
  const tookMs = performance.now() - enqueuedMs

  t.log(`${tookMs.toFixed(0)} ms; ${asked} round trips in ${seconds.toFixed(1)} s at rest`)
  t.is(items.length, 1)
  // One at each end, and timers are a little early.
  t.true(asked <= seconds + 2, `${asked} round trips`)
  // The usual net is five seconds.
  t.true(tookMs < 4_500, `${tookMs} ms`)
})
