import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
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
