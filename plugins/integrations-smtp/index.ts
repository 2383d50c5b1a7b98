import { definePlugin } from '../../kernel/plugin.ts'
import { integrations, mailForm } from '../../kernel/ports/integrations/index.ts'
import { readRelay } from './relay.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'smtp',
  port: integrations,
  summary: 'Mail over SMTP',
  kernel: '^0.1.0',
  sdk: { nodemailer: '^10.6.0' },
  settings,
  entry: mailForm,
  async create({ settings, binding, clock, onClose }) {
    const relay = readRelay(settings)
    const { SmtpRelay } = await import('./driver.ts')
    const driver = new SmtpRelay({ relay, settings, binding, clock })
    onClose(() => driver.close())
    return driver
  },
})

export default plugin
