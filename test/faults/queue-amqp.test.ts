import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { eventually } from '../services/queue-amqp-start.ts'
import { openVhost, type Vhost } from '../services/rabbitmq.ts'
import { serverUrl } from '../services/server.ts'
import { judgeJobs, underJobs } from './jobs.ts'
import { pauseMs, rounds } from './size.ts'

const run = promisify(execFile)
/** A broker that is killed in the first second or so of a quorum queue may never give it a leader again (seen with 3.10.8). */
const settlingMs = 6_000
/** A broker that is back is used again within this. */
const recoveryMs = 15_000
/** Longer than a lease and the longest backoff. */
const quietMs = 8_000
const load = { queue: 'work', producers: 8, workers: 8, failedOf: 10 } as const
const url = serverUrl('RABBITMQ')

const service = (verb: string) => run(`${process.env['PORTICO_SERVICES'] ?? ''}/${verb}`, ['rabbitmq'])

async function start(t: ExecutionContext, vhost: Vhost) {
  const kernel = await createKernel({
    version: 1, name: 'faults', connections: { broker: { use: 'amqplib', with: { url: vhost.url, heartbeat: '2s', acquireTimeout: '1s' } } },
    ports: { queue: { on: 'broker', queues: { work: { attempts: 20, backoff: { initial: '200ms', max: '1s' }, maxCrashes: 20 } } } },
  }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.queue
}

/** `replicas`: with more than one, an ack whose broker died may be done again by another (queue-amqp, limits). */
function fault(what: string, replicas: number, disturb: () => Promise<void>): void {
  const title = `rabbitmq: ${what}`
  if (url === undefined) return test.serial.skip(title, () => undefined)
  test.serial(title, async (t) => {
    t.timeout(rounds * 180_000)
    const vhost = await openVhost(t, url)
    const queues = await Promise.all(Array.from({ length: replicas }, () => start(t, vhost)))
    await sleep(settlingMs)
    for (let round = 0; round < rounds; round++) judgeJobs(t, what, await underJobs({ queues, ...load }, quietMs, disturb), recoveryMs)
    for (const name of ['faults.queue.work', 'faults.queue.work.dead']) {
      const idle = async () => ((await vhost.api<{ readonly messages_unacknowledged?: number }>('GET', `/queues/${vhost.name}/${name}`)).messages_unacknowledged ?? 0) === 0
      await t.notThrowsAsync(eventually(idle))
    }
  })
}

fault('killed and started again under producers and workers, no job is lost and none is acknowledged twice', 1, async () => {
  await service('kill')
  await sleep(500)
  await service('up')
})
fault('stopped in good order and started again, the same', 1, async () => {
  await service('restart')
})
fault(`paused for ${pauseMs} ms, the same for two replicas`, 2, async () => {
  await service('pause')
  await sleep(pauseMs)
  await service('resume')
})
