import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import plugin from '../../../plugins/queue-memory/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { contractQueues, queueCases, type QueueHarness } from '../../contract/queue.ts'
import { modelQueues, movedTimes, runModel } from '../../kernel/ports/queue/model-run.ts'
import { startQueues } from './start.ts'

const queues = contractQueues(plugin.capabilities)

/** One kernel, as a manifest starts it. */
const throughManifest: QueueHarness = {
  async start(t) {
    const clock = new VirtualClock()
    const kernel = await createKernel({ version: 1, name: 'contract', ports: { 'queue.work': { use: 'memory', queues } } }, { clock, log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    const queue = kernel.ports['queue.work']
    if (!queue) throw new Error('the manifest declares it')
    const unit = () => {
      const made = kernel.unit()
      return { unit: made, commit: () => made.commit() }
    }
    return { queue, other: queue, clock, unit }
  },
}

const twoMeanings: QueueHarness = { start: async (t) => startQueues(t, queues) }

for (const [name, harness] of Object.entries({ throughManifest, twoMeanings })) {
  // One after another: all at once they wait for one another, on a slow machine for longer than a call may take.
  for (const { title, run } of queueCases(plugin.capabilities)) test.serial(`${name}: ${title}`, (t) => run(t, harness))
}

test('random operations do what the model says', async (t) => {
  await runModel(async (teardowns) => startQueues(teardowns, modelQueues), movedTimes, 200)
  t.pass()
})
