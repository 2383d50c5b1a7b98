import { createKernel } from '../../kernel/index.ts'
import plugin from '../../plugins/queue-amqp/index.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { contractQueues, queueCases, type QueueHarness } from '../contract/queue.ts'
import { openVhost } from './rabbitmq.ts'
import { testWith } from './server.ts'

/** Two replicas, each with connections of its own. */
const throughManifest = (url: string): QueueHarness => ({
  async start(t) {
    const clock = new SteppedClock()
    const vhost = await openVhost(t, url)
    const manifest = { version: 1, name: 'contract', connections: { broker: { use: 'amqplib', with: { url: vhost.url } } }, ports: { 'queue.work': { on: 'broker', queues: contractQueues(plugin.capabilities) } } }
    const [kernel, replica] = [await createKernel(manifest, { clock, log: silentLog, env: {} }), await createKernel(manifest, { clock, log: silentLog, env: {} })]
    t.teardown(() => Promise.all([kernel.close(), replica.close()]))
    const [queue, other] = [kernel.ports['queue.work'], replica.ports['queue.work']]
    if (!queue || !other) throw new Error('the manifest declares it')
    const unit = () => {
      const made = kernel.unit()
      return { unit: made, commit: () => made.commit() }
    }
    return { queue, other, clock, unit }
  },
})

for (const { title, long, run } of queueCases(plugin.capabilities)) if (!long) testWith(['RABBITMQ'], `queue: ${title}`, (t, url) => run(t, throughManifest(url)))
