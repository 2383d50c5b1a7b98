import { definePlugin } from '../../kernel/plugin.ts'
import { everyCollection, storage } from '../../kernel/ports/storage/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'memory',
  summary: 'Documents in the memory of this process',
  port: storage,
  kernel: '^0.1.0',
  capabilities: ['units'],
  settings,
  async create({ binding, keys, settings, clock, onClose }) {
    const { MemoryStorage } = await import('./driver.ts')
    const driver = new MemoryStorage({ binding, collections: [...everyCollection(keys).values()], maxSizeBytes: settings.maxSizeBytes, clock })
    onClose(() => driver.close())
    return driver
  },
})
export default plugin
