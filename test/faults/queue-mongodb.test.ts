import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { throughPort } from '../services/mongodb.ts'
import { databaseOf } from '../services/server.ts'
import { openProxy } from '../services/toxiproxy.ts'
import { callTimeoutMs, slackMs, underJobs } from './jobs.ts'
import { service } from './service.ts'
import { pauseMs, rounds } from './size.ts'
import { withServers } from './with-servers.ts'

const queue = 'work'

async function start(t: ExecutionContext, at: string) {
  const kernel = await createKernel({
    version: 1, name: 'faults', connections: { main: { use: 'mongodb', with: { url: at, acquireTimeout: '1s' } } },
    ports: { queue: { on: 'main', queues: { [queue]: { attempts: 50, backoff: { initial: '200ms', max: '1s' }, maxCrashes: 50 } } } },
  }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.queue
}

/** `through` is where the load goes; what became of it is read past every proxy. */
async function judge(t: ExecutionContext, what: string, own: string, through: string, disturb: () => Promise<void>): Promise<void> {
  const queues = [await start(t, through), await start(t, through)]
  const after = await start(t, own)
  for (let round = 0; round < rounds; round++) {
    const { enqueued, acked, unknown, dead, codes, untyped, longestMs, recoveredMs } = await underJobs({ queues, queue, producers: 4, workers: 4, failedOf: 10 }, disturb)
    let unfinished = 0
    for (const id of enqueued) {
      const { state } = await after.get({ queue, id })
      if (state !== 'done' && state !== 'dead') unfinished++
    }
    const twice = [...acked.values()].filter((times) => times > 1).length
    t.log(`${what}: ${enqueued.size} enqueued, ${acked.size} acknowledged, ${twice} of them twice, ${unknown.size} acks without an answer, ${dead.size} dead, ${unfinished} lost or unfinished (${[...codes].map(([code, times]) => `${code} ${times}`).join(', ')}); longest ${Math.round(longestMs)} ms, used again after ${Math.round(recoveredMs)} ms`)
    t.true(enqueued.size > 0)
    t.is(unfinished, 0)
    t.is(twice, 0)
    t.deepEqual(untyped, [])
    t.true(longestMs < callTimeoutMs + slackMs, `a call took ${longestMs} ms`)
  }
}

function fault(what: string, disturb: () => Promise<void>): void {
  withServers(['MONGODB'], `mongodb: ${what}`, async (t, url) => {
    t.timeout(rounds * 180_000)
    const { url: own } = await databaseOf(t, url)
    await judge(t, what, own, own, disturb)
  })
}

fault('killed and started again under producers and workers, no acknowledged job is lost, none is acknowledged twice, and each is done or dead', async () => {
  await service('kill', 'mongodb')
  await sleep(500)
  await service('up', 'mongodb')
})

fault(`paused for ${pauseMs} ms under them, the same`, async () => {
  await service('pause', 'mongodb')
  await sleep(pauseMs)
  await service('resume', 'mongodb')
})

withServers(['MONGODB', 'TOXIPROXY'], 'mongodb: with every connection cut, and then half open, under them, the same', async (t, url, api) => {
  t.timeout(rounds * 180_000)
  const { url: own } = await databaseOf(t, url)
  const proxy = await openProxy(t, api, new URL(own).host)
  await judge(t, 'cut and half open', own, throughPort(own, proxy.port), async () => {
    await proxy.cut()
    await sleep(500)
    await proxy.restore()
    await sleep(500)
    await proxy.hang('answers')
    await sleep(1_000)
    await proxy.restore()
  })
})
