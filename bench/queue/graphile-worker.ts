import { value } from '../document.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import { connections, type QueuePeer, type Working } from './peer.ts'

/** graphile-worker in its batched mode: as many jobs at once as the batches come to, fetched so many at a time, completed together. */
export async function graphilePeer({ url, name: schema }: TestDatabase, { workers, batch }: Working): Promise<QueuePeer> {
  const { makeWorkerUtils, run, Logger } = await import('graphile-worker')
  const { default: pg } = await import('pg')
  const pgPool = new pg.Pool({ connectionString: url, max: connections })
  // It asks for both.
  pgPool.on('error', (error) => { console.error(error) })
  pgPool.on('connect', (client) => { client.on('error', (error) => { console.error(error) }) })
  const own = `${schema}_graphile`
  const logger = new Logger(() => () => undefined)
  const utils = await makeWorkerUtils({ pgPool, schema: own, logger })
  await utils.migrate()
  return {
    add: () => utils.addJob('emails', value),
    addMany: (count) => utils.addJobs(Array.from({ length: count }, () => ({ identifier: 'emails', payload: value }))),
    async work(count) {
      const ended = Promise.withResolvers<undefined>()
      let left = count
      // From its first job: a runner's start is not what is measured.
      let startedMs = Number.NaN
      const runner = await run({
        pgPool, schema: own, logger, noHandleSignals: true,
        preset: { worker: { concurrentJobs: workers * batch, localQueue: { size: workers * batch }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
        taskList: {
          emails: () => {
            if (left === count) startedMs = performance.now()
            left -= 1
            if (left === 0) ended.resolve(undefined)
          },
        },
      })
      await ended.promise
      const tookMs = performance.now() - startedMs
      await runner.stop()
      return tookMs
    },
    async close() {
      await pgPool.query(`drop schema ${own} cascade`)
      await utils.release()
      await pgPool.end()
    },
  }
}
