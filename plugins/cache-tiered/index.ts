import { definePlugin } from '../../kernel/plugin.ts'
import { cache } from '../../kernel/ports/cache/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'tiered',
  summary: 'Copies in this process before a cache that replicas share',
  port: cache,
  kernel: '^0.1.0',
  capabilities: ['tags'],
  settings,
  async create({ settings: { levels: [near, far], maxStaleMs }, clock, onClose }) {
    if (!near || !far) throw new TypeError('the manifest was checked to hold two levels')
    const { TieredCache } = await import('./driver.ts')
    const driver = new TieredCache({ near, far, maxStaleMs, clock })
    onClose(() => driver.close())
    return driver
  },
})
export default plugin
