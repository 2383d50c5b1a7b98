import { definePlugin } from '../../kernel/plugin.ts'
import { locks } from '../../kernel/ports/locks/index.ts'
import { databaseError, redis } from '../../kernel/ports/redis/index.ts'

const plugin = definePlugin({
  name: 'redis',
  summary: 'Locks in Redis, by Lua scripts',
  port: locks,
  over: redis,
  kernel: '^0.1.0',
  capabilities: [],
  async create({ connection, binding }) {
    const { evicts } = connection.facts
    if (evicts !== 'noeviction') throw databaseError(binding, 'failed', `the server's maxmemory-policy is ${evicts}, under which it drops locks that are held when its memory is full; set \`maxmemory-policy noeviction\`, or give the locks a server of their own`)
    const { RedisLocks } = await import('./driver.ts')
    return new RedisLocks(connection, binding)
  },
})
export default plugin
