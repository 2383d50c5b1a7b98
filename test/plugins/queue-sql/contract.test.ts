import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import plugin from '../../../plugins/queue-sql/index.ts'
import { contractQueues, queueCases, type QueueHarness } from '../../contract/queue.ts'
import { silentLog } from '../../contract/log.ts'
import { startQueues } from './start.ts'

const queues = contractQueues(plugin.capabilities)

async function startKernel(t: ExecutionContext, clock: VirtualClock) {
  const directory = mkdtempSync(join(tmpdir(), 'portico-queue-'))
  const manifest = { version: 1, name: 'contract', connections: { main: { use: 'sqlite', with: { file: 'queue.db' } } }, ports: { 'queue.work': { on: 'main', queues } } }
  const kernel = await createKernel(manifest, { directory, clock, log: silentLog, env: {} })
  t.teardown(async () => {
    await kernel.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const queue = kernel.ports['queue.work']
  if (!queue) throw new Error('the manifest declares it')
  return { kernel, queue }
}

/** One kernel, as a manifest starts it. */
const throughManifest: QueueHarness = {
  async start(t) {
    const clock = new VirtualClock()
    const { kernel, queue } = await startKernel(t, clock)
    const unit = () => {
      const made = kernel.unit()
      return { unit: made, commit: () => made.commit() }
    }
    return { queue, other: queue, clock, unit }
  },
}

/** Two meanings over one backend, as in two replicas, with the other writer. */
const twoReplicas: QueueHarness = {
  async start(t) {
    const clock = new VirtualClock()
    const { bindings: [queue, other], unit } = await startQueues(t, { clock, queues, writer: 'main' })
    if (!queue || !other) throw new Error('two bindings were asked for')
    return { queue, other, clock, unit }
  },
}

for (const [name, harness] of Object.entries({ throughManifest, twoReplicas })) {
  // One after another: all at once they wait for one another's writes, on a slow machine for longer than a call may take.
  for (const { title, run } of queueCases(plugin.capabilities)) test.serial(`${name}: ${title}`, (t) => run(t, harness))
}

test('who waits for a job does not hold up a shutdown', async (t) => {
  const { queue, kernel } = await startKernel(t, new VirtualClock())
  const waiting = queue.lease({ queue: 'emails', waitMs: 20_000 })
  await new Promise((resolve) => setTimeout(resolve, 50))

  t.is(await kernel.close(), 0)

  t.deepEqual(await waiting, { items: [] })
})
