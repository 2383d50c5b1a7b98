import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { modelQueues, movedTimes, runModel } from '../../kernel/ports/queue/model-run.ts'
import { startQueues } from './start.ts'

test('random operations do what the model says', async (t) => {
  t.timeout(120_000)
  await runModel(async (teardowns) => {
    const clock = new VirtualClock()
    const { bindings: [queue] } = await startQueues(teardowns, { clock, queues: modelQueues, replicas: 1 })
    if (!queue) throw new Error('a binding was asked for')
    return { queue, clock }
  }, movedTimes, 20)
  t.pass()
})
