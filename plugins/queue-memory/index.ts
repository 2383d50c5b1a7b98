import { definePlugin } from '../../kernel/plugin.ts'
import { queue } from '../../kernel/ports/queue/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'memory',
  summary: 'Jobs in the memory of this process',
  port: queue,
  kernel: '^0.1.0',
  capabilities: [
    'inspect', 'delay', 'retryAt', 'priority', 'idempotency', 'extend', 'leaseAnywhere', 'exactAttempts', 'repeatable', 'deadLetters', 'pause', 'cancel', 'units', 'schedules', 'deadline', 'limits', 'ordering',
  ],
  settings,
  async create({ binding, settings, clock, onClose }) {
    const { MemoryQueue } = await import('./driver.ts')
    const driver = new MemoryQueue({ binding, clock, maxSizeBytes: settings.maxSizeBytes })
    onClose(() => driver.close())
    return driver
  },
})
export default plugin
