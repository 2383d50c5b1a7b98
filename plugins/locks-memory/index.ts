import { definePlugin } from '../../kernel/plugin.ts'
import { locks } from '../../kernel/ports/locks/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'memory',
  summary: 'Locks in the memory of this process',
  port: locks,
  kernel: '^0.1.0',
  capabilities: [],
  settings,
  async create({ binding, settings, clock }) {
    const { MemoryLocks } = await import('./driver.ts')
    return new MemoryLocks({ binding, clock, maxLocks: settings.maxLocks })
  },
})
export default plugin
