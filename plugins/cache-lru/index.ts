import { definePlugin } from '../../kernel/plugin.ts'
import { cache } from '../../kernel/ports/cache/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'lru',
  port: cache,
  summary: 'A cache in the memory of this process',
  kernel: '^0.1.0',
  sdk: { 'lru-cache': '^11.5.0' },
  capabilities: ['tags'],
  settings,
  async create({ settings, clock, onClose }) {
    const { LruCache } = await import('./driver.ts')
    const driver = new LruCache(settings, clock)
    onClose(() => driver.close())
    return driver
  },
})

export default plugin
