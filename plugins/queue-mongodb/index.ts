import { definePlugin } from '../../kernel/plugin.ts'
import { mongodb } from '../../kernel/ports/mongodb/index.ts'
import { queue } from '../../kernel/ports/queue/index.ts'

const plugin = definePlugin({
  name: 'mongodb',
  summary: 'Jobs in collections of MongoDB',
  port: queue,
  over: mongodb,
  kernel: '^0.1.0',
  capabilities: ['inspect', 'delay', 'retryAt', 'priority', 'idempotency', 'extend', 'leaseAnywhere', 'exactAttempts', 'repeatable', 'deadLetters', 'pause', 'cancel', 'deadline', 'schedules'],
  async create({ connection, binding, signal }) {
    const [{ MongoQueue }, { placesOf, prepare }] = await Promise.all([import('./driver.ts'), import('./places.ts')])
    const places = placesOf(binding)
    await prepare(connection, places, { signal, remainingMs: () => (signal.aborted ? 0 : 30_000), traceId: 'queue-mongodb-start', text: false, degrade: () => undefined })
    return new MongoQueue(connection, places)
  },
})
export default plugin
