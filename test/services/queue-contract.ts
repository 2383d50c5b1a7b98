import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { contractQueues, queueCases, type QueueHarness } from '../contract/queue.ts'
import { type ServerName, testWith } from './server.ts'

type Connect = (t: ExecutionContext, url: string) => Promise<object>

/** The contract of a driver on that server, with two replicas in a place of their own that `connect` makes. */
export function testQueueContract(server: ServerName, capabilities: readonly string[], connect: Connect): void {
  const twoReplicas = (url: string): QueueHarness => ({
    async start(t) {
      const clock = new SteppedClock()
      const manifest = { version: 1, name: 'contract', connections: { main: await connect(t, url) }, ports: { 'queue.work': { on: 'main', queues: contractQueues(capabilities) } } }
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
  for (const { title, long, run } of queueCases(capabilities)) if (!long) testWith([server], `queue: ${title}`, (t, url) => run(t, twoReplicas(url)))
}
