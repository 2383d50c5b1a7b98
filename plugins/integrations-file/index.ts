import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, standInForm } from '../../kernel/ports/integrations/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'file',
  port: integrations,
  summary: 'An outbox on disk: keeps calls, and hands them over later',
  kernel: '^0.1.0',
  settings,
  entry: standInForm,
  async create({ settings, binding, clock, log, onClose }) {
    const { FileOutbox } = await import('./driver.ts')
    const { openOutbox } = await import('./outbox.ts')
    const { directory, maxTotalBytes, replay: { enabled, ...pace } } = settings
    const outbox = await openOutbox(settings, clock, log)
    const openReplay = async () => {
      const { Replay } = await import('./replay.ts')
      return Replay.open({ limits: { directory, maxRefusedBytes: maxTotalBytes, ...pace }, outbox, clock, log })
    }
    const driver = new FileOutbox({ outbox, binding, clock, openReplay: enabled ? openReplay : undefined })
    onClose(() => driver.close())
    return driver
  },
})

export default plugin
