import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, standInForm } from '../../kernel/ports/integrations/index.ts'
import type { Outbox } from './outbox.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'file',
  port: integrations,
  summary: 'An outbox on disk: keeps calls, and hands them over later',
  kernel: '^0.1.0',
  sdk: { 'better-sqlite3': '^13.2.0' },
  settings,
  entry: standInForm,
  async create({ settings, keys, binding, clock, log, onClose }) {
    const { FileOutbox } = await import('./driver.ts')
    const { openTaken } = await import('./opened.ts')
    const { directory, maxTotalBytes, replay: { enabled, ...pace } } = settings
    const openReplay = async (outbox: Outbox) => {
      const { Replay } = await import('./replay.ts')
      return Replay.open({ limits: { directory, maxRefusedBytes: maxTotalBytes, ...pace }, outbox, clock, log })
    }
    const driver = new FileOutbox({ directory, keys, binding, clock, open: () => openTaken({ limits: settings, binding, clock, log }), openReplay: enabled ? openReplay : undefined })
    onClose(() => driver.close())
    return driver
  },
})

export default plugin
