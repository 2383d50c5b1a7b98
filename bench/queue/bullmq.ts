import type { ConnectionOptions } from 'bullmq'
import { value } from '../document.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import type { QueuePeer, Working } from './peer.ts'

/** BullMQ with the finished jobs kept, as Portico keeps them. */
export async function bullmqPeer({ url, name: prefix }: TestDatabase, { workers, batch }: Working): Promise<QueuePeer> {
  const { Queue, Worker } = await import('bullmq')
  const { createClient } = await import('@redis/client')
  // BullMQ takes a client of node-redis as well as one of ioredis; its types were made for another release of it.
  const clients = [createClient({ url }), createClient({ url })]
  const [adding, working] = clients as unknown as readonly [ConnectionOptions, ConnectionOptions]
  const queue = new Queue('emails', { connection: adding, prefix: `${prefix}:bull` })
  await queue.waitUntilReady()
  return {
    add: () => queue.add('email', value),
    addMany: (count) => queue.addBulk(Array.from({ length: count }, () => ({ name: 'email', data: value }))),
    async work(count) {
      const worker = new Worker('emails', () => Promise.resolve(), { connection: working, prefix: `${prefix}:bull`, concurrency: workers * batch, autorun: false })
      await worker.waitUntilReady()
      const ended = Promise.withResolvers<undefined>()
      let left = count
      worker.on('completed', () => {
        left -= 1
        if (left === 0) ended.resolve(undefined)
      })
      const startedMs = performance.now()
      const running = worker.run()
      await ended.promise
      const tookMs = performance.now() - startedMs
      await worker.close()
      await running
      return tookMs
    },
    async close() {
      await queue.close()
      for (const client of clients) if (client.isOpen) client.destroy()
    },
  }
}
