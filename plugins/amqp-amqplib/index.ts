import { definePlugin } from '../../kernel/plugin.ts'
import { amqp } from '../../kernel/ports/amqp/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'amqplib',
  summary: 'RabbitMQ 3.10 and later, over AMQP 0-9-1',
  port: amqp,
  kernel: '^0.1.0',
  sdk: { amqplib: '^2.3.0' },
  settings,
  async create({ settings, binding, log, clock, signal, onClose }) {
    const { openAmqp } = await import('./driver.ts')
    return openAmqp({ connection: binding, settings, log, clock, signal, onClose })
  },
})
export default plugin
