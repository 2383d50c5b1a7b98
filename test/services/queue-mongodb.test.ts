import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import plugin from '../../plugins/queue-mongodb/index.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { contractQueues, queueCases, type QueueHarness } from '../contract/queue.ts'
import { farTimes, modelQueues, runModel } from '../kernel/ports/queue/model-run.ts'
import { testDatabase } from './mongodb.ts'
import { testWith } from './server.ts'

const queues = contractQueues(plugin.capabilities)

async function startKernel(t: { teardown(end: () => void | Promise<void>): void }, url: string, declared: object) {
  const manifest = { version: 1, name: 'contract', connections: { main: { use: 'mongodb', with: { url } } }, ports: { 'queue.work': { on: 'main', queues: declared } } }
  const clock = new SteppedClock()
  const kernel = await createKernel(manifest, { clock, log: silentLog, env: {} })
  t.teardown(async () => void (await kernel.close()))
  const queue = kernel.ports['queue.work']
  if (!queue) throw new Error('the manifest declares it')
  return { kernel, queue, clock }
}

const twoReplicas = (server: string): QueueHarness => ({
  async start(t: ExecutionContext) {
    const { url } = await testDatabase(t, server)
    const [{ kernel, queue, clock }, { queue: other }] = [await startKernel(t, url, queues), await startKernel(t, url, queues)]
    const unit = () => {
      const made = kernel.unit()
      return { unit: made, commit: () => made.commit() }
    }
    return { queue, other, clock, unit }
  },
})

for (const { title, long, run } of queueCases(plugin.capabilities)) if (!long) testWith(['MONGODB'], `queue: ${title}`, (t, server) => run(t, twoReplicas(server)))

testWith(['MONGODB'], 'queue: random operations do what the model says', async (t, server) => {
  t.timeout(120_000)
  await runModel(async (teardowns) => startKernel(teardowns, (await testDatabase(t, server)).url, modelQueues), farTimes, 5)
  t.pass()
})
