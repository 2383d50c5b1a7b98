import { value } from '../document.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import { connections, drain, type QueuePeer, type Working } from './peer.ts'

/** pg-boss without its maintenance, fetched and completed by hand: its own worker waits between two batches. */
export async function pgBossPeer({ url, name: schema }: TestDatabase, { workers, batch }: Working): Promise<QueuePeer> {
  const { PgBoss } = await import('pg-boss')
  const boss = new PgBoss({ connectionString: url, schema: `${schema}_boss`, max: connections, supervise: false, schedule: false })
  boss.on('error', (error) => { console.error(error) })
  await boss.start()
  const queue = 'emails'
  await boss.createQueue(queue)
  return {
    add: () => boss.send(queue, value),
    addMany: (count) => boss.insert(queue, Array.from({ length: count }, () => ({ data: value }))),
    work: (count) => drain(count, workers, async () => {
      const jobs = await boss.fetch(queue, { batchSize: batch })
      if (jobs.length > 0) await boss.complete(queue, jobs.map(({ id }) => id))
      return jobs.length
    }),
    close: async () => {
      await boss.getDb().executeSql(`drop schema ${schema}_boss cascade`, [])
      await boss.stop({ graceful: false })
    },
  }
}
