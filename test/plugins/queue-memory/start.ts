import type { QueueCapability } from '../../../kernel/ports/queue/index.ts'
import { MemoryQueue } from '../../../plugins/queue-memory/driver.ts'
import plugin from '../../../plugins/queue-memory/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { bindQueue, openUnit, queueKeys } from '../../kernel/ports/queue/bound-queues.ts'

/** Two meanings over one driver, with a clock that is moved by hand. */
export function startQueues(t: { teardown(end: () => Promise<void>): void }, queues: object, maxSizeBytes = 64 * 1024 ** 2) {
  const clock = new VirtualClock()
  const driver = new MemoryQueue({ binding: 'queue', clock, maxSizeBytes })
  const closers: (() => void | Promise<void>)[] = []
  t.teardown(async () => {
    for (const close of closers.toReversed()) await close()
  })
  const options = { keys: queueKeys(queues), clock, capabilities: plugin.capabilities as readonly QueueCapability[], onClose: (close: () => void | Promise<void>) => { closers.push(close) } }
  return { driver, clock, queue: bindQueue(driver, options), other: bindQueue(driver, options), unit: openUnit }
}
