import { value } from '../document.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import { connections, drain, type QueuePeer, type Working } from './peer.ts'

export const queue = 'emails'

/** As it is published: compiled. */
export async function startKernel({ connection }: TestDatabase) {
  const { createKernel } = (await import(new URL('../../dist/kernel/index.js', import.meta.url).href)) as typeof import('../../kernel/index.ts')
  const withPool = connection.use === 'postgres' ? { ...connection, with: { ...connection.with, maxConnections: connections } } : connection
  return createKernel({ version: 1, name: 'bench', connections: { main: withPool }, ports: { queue: { on: 'main', queues: { [queue]: { keep: { done: '1d' } } } } } }, { env: {} })
}

export type QueueKernel = Awaited<ReturnType<typeof startKernel>>
export type JobQueue = QueueKernel['ports']['queue']

export async function porticoPeer(place: TestDatabase, working: Working): Promise<QueuePeer> {
  const kernel = await startKernel(place)
  const jobs = kernel.ports.queue
  return {
    add: () => jobs.enqueue({ queue, payload: value }),
    addMany: (count) => jobs.enqueueMany({ queue, jobs: Array.from({ length: count }, () => ({ payload: value })) }),
    work: (count) => drain(count, working.workers, () => leaseAndAck(jobs, working.batch)),
    close: async () => { await kernel.close() },
  }
}

/** As a worker does that ends its jobs together; how many there were. */
export async function leaseAndAck(jobs: JobQueue, max: number): Promise<number> {
  const { items } = await jobs.lease({ queue, max })
  await Promise.all(items.map(({ token }) => jobs.ack({ queue, token })))
  return items.length
}
