import { definePlugin } from '../../kernel/plugin.ts'
import { amqp } from '../../kernel/ports/amqp/index.ts'
import { queue } from '../../kernel/ports/queue/index.ts'

const plugin = definePlugin({
  name: 'amqp',
  summary: 'Jobs in quorum queues of RabbitMQ',
  port: queue,
  over: amqp,
  kernel: '^0.1.0',
  capabilities: ['delay', 'retryAt', 'extend'],
  async create({ connection, application, binding, keys, signal }) {
    const { AmqpJobQueue } = await import('./driver.ts')
    const driver = new AmqpJobQueue(connection, application, binding)
    await driver.prepare(Object.keys(keys.queues ?? {}), startCall(signal))
    return driver
  },
})
export default plugin

/** The call of what is done at the start; the kernel gives the start up in its own time. */
function startCall(signal: AbortSignal) {
  return { signal, remainingMs: () => (signal.aborted ? 0 : 60_000), traceId: 'queue-amqp-start', text: false, degrade: () => undefined }
}
