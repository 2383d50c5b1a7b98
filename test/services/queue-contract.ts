import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { SteppedClock, VirtualClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { contractQueues, queueCases, type QueueHarness } from '../contract/queue.ts'
import { type ServerName, testWith } from './server.ts'

type Connect = (t: ExecutionContext, url: string) => Promise<object>

/** The contract of a driver on that server, with two replicas in a place of their own that `connect` makes; what takes minutes is left out. */
export function testQueueContract(server: ServerName, capabilities: readonly string[], connect: Connect): void {
  const harness = twoReplicas(capabilities, connect, () => new SteppedClock())
  for (const { title, long, run } of queueCases(capabilities)) if (!long) testWith([server], `queue: ${title}`, (t, url) => run(t, harness(url)))
}

/** What that leaves out, where `connect` makes a connection of this plugin, which keeps the kernel's time. */
export function testLongQueueContract(server: ServerName, capabilities: readonly string[], plugin: string, connect: Connect): void {
  const harness = twoReplicas(capabilities, connect, () => new VirtualClock(), [plugin])
  for (const { title, long, run } of queueCases(capabilities)) if (long) testWith([server], `queue: ${title}`, (t, url) => run(t, harness(url)))
}

function twoReplicas(capabilities: readonly string[], connect: Connect, clockOf: () => SteppedClock | VirtualClock, plugins: readonly string[] = []) {
  return (url: string): QueueHarness => ({
    async start(t) {
      const clock = clockOf()
      const manifest = { version: 1, name: 'contract', plugins, connections: { main: await connect(t, url) }, ports: { 'queue.work': { on: 'main', queues: contractQueues(capabilities) } } }
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
}
