import test from 'ava'
import type { QueueCapability } from '../../../kernel/ports/queue/index.ts'
import plugin from '../../../plugins/queue-sql/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { contractQueues, queueCases, type QueueHarness } from '../../contract/queue.ts'
import { startQueues } from './start.ts'

const declaring = (capabilities: readonly QueueCapability[]): QueueHarness => ({
  async start(t) {
    const clock = new VirtualClock()
    const { bindings: [queue, other], unit } = await startQueues(t, { clock, queues: contractQueues(capabilities), capabilities })
    if (!queue || !other) throw new Error('two bindings were asked for')
    return { queue, other, clock, unit }
  },
})

for (const { title, run } of queueCases([])) test(`with nothing declared: ${title}`, (t) => run(t, declaring([])))

// What is refused is refused by the binding, so one driver shows it for all.
const all = plugin.capabilities as readonly QueueCapability[]
for (const without of all) {
  const rest = all.filter((capability) => capability !== without)
  for (const { title, run } of queueCases(rest)) if (title.startsWith('without ')) test(title, (t) => run(t, declaring(rest)))
}
