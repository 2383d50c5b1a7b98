import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { contractQueues, queueContract } from '../../contract/queue.ts'
import { startQueues } from './start.ts'

for (const writer of ['worker', 'main'] as const) {
  for (const { title, run } of queueContract) {
    test(`writer: ${writer}: ${title}`, (t) => run(t, {
      async start() {
        const clock = new VirtualClock()
        const { bindings: [queue, other], unit } = await startQueues(t, { clock, queues: contractQueues, writer })
        if (!queue || !other) throw new Error('two bindings were asked for')
        return { queue, other, clock, unit }
      },
    }))
  }
}
