import { setTimeout as sleep } from 'node:timers/promises'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { databaseOf } from '../services/server.ts'
import { judgeJobs, underJobs } from './jobs.ts'
import { service } from './service.ts'
import { pauseMs, rounds } from './size.ts'
import { withServers } from './with-servers.ts'

/** A backend that is back is used again within this. */
const recoveryMs = 40_000
const load = { queue: 'work', producers: 8, workers: 8, failedOf: 10 } as const

for (const { name, server } of [{ name: 'POSTGRES', server: 'postgres' }, { name: 'MARIADB', server: 'mariadb' }] as const) {
  const fault = (what: string, disturb: () => Promise<void>) => {
    withServers([name], `${server}: jobs: ${what}`, async (t, url) => {
      t.timeout(rounds * 180_000)
      const { connection } = await databaseOf(t, url)
      const manifest = {
        version: 1, name: 'faults', connections: { main: connection },
        ports: { queue: { on: 'main', queues: { work: { attempts: 100, backoff: { initial: '200ms', max: '1s' }, maxCrashes: 100 } } } },
      }
      const kernels = await Promise.all([1, 2].map(() => createKernel(manifest, { log: silentLog, env: {} })))
      t.teardown(() => Promise.all(kernels.map((kernel) => kernel.close())))
      const queues = kernels.map(({ ports }) => ports.queue)

      for (let round = 0; round < rounds; round++) {
        const told = await underJobs({ queues, ...load }, disturb)
        judgeJobs(t, what, told, recoveryMs)
        const counts = await queues[0]?.counts({ queue: 'work' })
        t.like(counts, { ready: 0, scheduled: 0, active: 0 })
        t.log(`${counts?.done} done and ${counts?.dead} dead at the end`)
      }
    })
  }

  fault('killed and started again under producers and workers of two replicas, none is lost and none is acknowledged twice', async () => {
    await service('kill', server)
    await sleep(500)
    await service('up', server)
  })
  fault('stopped in good order and started again, the same', async () => {
    await service('restart', server)
  })
  fault(`paused for ${pauseMs} ms, the same`, async () => {
    await service('pause', server)
    await sleep(pauseMs)
    await service('resume', server)
  })
}
