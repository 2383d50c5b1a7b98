import { createKernel } from '../../kernel/index.ts'
import plugin from '../../plugins/queue-mongodb/index.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { farTimes, modelQueues, runModel } from '../kernel/ports/queue/model-run.ts'
import { testDatabase } from './mongodb.ts'
import { testLongQueueContract, testQueueContract } from './queue-contract.ts'
import { databaseOf, testWith } from './server.ts'

const clocked = new URL('fixtures/clocked-mongodb.ts', import.meta.url).pathname

testQueueContract('MONGODB', plugin.capabilities, async (t, url) => (await databaseOf(t, url)).connection)
testLongQueueContract('MONGODB', plugin.capabilities, clocked, async (t, url) => ({ use: 'clocked', with: { url: (await databaseOf(t, url)).url } }))

testWith(['MONGODB'], 'queue: random operations do what the model says', async (t, server) => {
  t.timeout(120_000)
  await runModel(async (teardowns) => {
    const { url } = await testDatabase(t, server)
    const clock = new SteppedClock()
    const manifest = { version: 1, name: 'model', connections: { main: { use: 'mongodb', with: { url } } }, ports: { 'queue.work': { on: 'main', queues: modelQueues } } }
    const kernel = await createKernel(manifest, { clock, log: silentLog, env: {} })
    teardowns.teardown(async () => void (await kernel.close()))
    const queue = kernel.ports['queue.work']
    if (!queue) throw new Error('the manifest declares it')
    return { kernel, queue, clock }
  }, farTimes, 5)
  t.pass()
})
