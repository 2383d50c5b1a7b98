import { definePlugin } from '../../kernel/plugin.ts'
import { queue } from '../../kernel/ports/queue/index.ts'
import { redis } from '../../kernel/ports/redis/index.ts'

const plugin = definePlugin({
  name: 'redis',
  summary: 'Jobs in Redis, by Lua scripts',
  port: queue,
  over: redis,
  kernel: '^0.1.0',
  capabilities: [
    'inspect', 'delay', 'retryAt', 'priority', 'idempotency', 'extend', 'leaseAnywhere', 'exactAttempts', 'repeatable', 'deadLetters', 'pause', 'cancel', 'units', 'schedules', 'deadline', 'limits', 'ordering',
  ],
  async create({ connection, binding, signal }) {
    const [{ RedisQueue }, { baseOf, prepare }] = await Promise.all([import('./driver.ts'), import('./start.ts')])
    await prepare(connection, binding, signal)
    return new RedisQueue(connection, baseOf(connection, binding))
  },
})
export default plugin
