import { definePlugin } from '../../kernel/plugin.ts'
import { cache } from '../../kernel/ports/cache/index.ts'
import { redis } from '../../kernel/ports/redis/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'redis',
  summary: 'A cache in Redis, shared by all replicas',
  port: cache,
  over: redis,
  kernel: '^0.1.0',
  capabilities: ['tags'],
  settings,
  async create({ connection, binding, settings }) {
    const { RedisCache } = await import('./driver.ts')
    return new RedisCache(connection, binding, settings.maxAgeMs)
  },
})
export default plugin
