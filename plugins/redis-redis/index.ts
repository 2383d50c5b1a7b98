import { definePlugin } from '../../kernel/plugin.ts'
import { redis } from '../../kernel/ports/redis/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'redis',
  summary: 'Redis 6.2 and later: one server, or what takes its place after a failover',
  port: redis,
  kernel: '^0.1.0',
  sdk: { '@redis/client': '^6.3.0' },
  settings,
  async create({ settings, binding, log, signal, onClose }) {
    const { openRedis } = await import('./open.ts')
    const connection = await openRedis({ connection: binding, settings, log, signal })
    onClose(() => connection.close())
    return connection
  },
})
export default plugin
