import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, standInForm } from '../../kernel/ports/integrations/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'file',
  port: integrations,
  summary: 'An outbox on disk: keeps calls for later',
  kernel: '^0.1.0',
  settings,
  entry: standInForm,
  async create({ settings, binding, clock, log, onClose }) {
    const { FileOutbox } = await import('./driver.ts')
    const { openOutbox } = await import('./outbox.ts')
    const outbox = await openOutbox(settings, clock, log)
    onClose(() => outbox.close())
    return new FileOutbox(outbox, binding, clock)
  },
})

export default plugin
