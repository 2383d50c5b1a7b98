import type { Case, Figure } from '../figure.ts'
import { bullmqPeer } from '../queue/bullmq.ts'
import { graphilePeer } from '../queue/graphile-worker.ts'
import type { Working } from '../queue/peer.ts'
import { pgBossPeer } from '../queue/pg-boss.ts'
import { porticoPeer } from '../queue/portico.ts'
import { atRest, countStatements } from '../queue/rest.ts'
import { alone, versus } from '../queue/versus.ts'
import { testDatabase, type TestDatabase } from '../../test/contract/test-database.ts'

const batches: Working = { workers: 1, batch: 50 }
/** 50 in flight, taken in two halves: one is worked on while the other is fetched, as BullMQ does. */
const halves: Working = { workers: 2, batch: 25 }

const queueCase: Case = {
  name: 'the queue, of the libraries that do the same on the same server',
  async run() {
    const { PORTICO_TEST_POSTGRES_URL: postgres, PORTICO_TEST_REDIS_URL: redis } = process.env
    const figures = [...(await inPlace('sqlite:', onSqlite))]
    for (const [name, url, measure] of [['POSTGRES', postgres, onPostgres], ['REDIS', redis, onRedis]] as const) {
      if (url === undefined) console.log(`  PORTICO_TEST_${name}_URL is not set, not measured`)
      else figures.push(...(await inPlace(url, measure)))
    }
    return figures
  },
}

export default queueCase

async function onSqlite(place: TestDatabase): Promise<readonly Figure[]> {
  const ours = await porticoPeer(place, batches)
  const figures = await alone('SQLite', ours, 10_000).finally(() => ours.close())
  return [...figures, ...(await inPlace('sqlite:', (empty) => atRest('SQLite', empty)))]
}

async function onPostgres(place: TestDatabase): Promise<readonly Figure[]> {
  const peers = await Promise.all([porticoPeer(place, batches), pgBossPeer(place, batches), graphilePeer(place, batches)])
  const [ours, boss, graphile] = peers
  const figures = await versus('PostgreSQL', ours, { 'pg-boss': { peer: boss, atLeast: 2 }, 'graphile-worker': { peer: graphile, atLeast: 1 } })
    .finally(() => Promise.all(peers.map((peer) => peer.close())))
  const calls = await countStatements()
  return [...figures, ...(await inPlace(process.env['PORTICO_TEST_POSTGRES_URL'] ?? '', (empty) => atRest('PostgreSQL', empty, calls)))]
}

async function onRedis(place: TestDatabase): Promise<readonly Figure[]> {
  const peers = await Promise.all([porticoPeer(place, halves), bullmqPeer(place, halves)])
  const [ours, theirs] = peers
  return versus('Redis', ours, { BullMQ: { peer: theirs, atLeast: 1 } }).finally(() => Promise.all(peers.map((peer) => peer.close())))
}

async function inPlace<T>(url: string, task: (place: TestDatabase) => Promise<T>): Promise<T> {
  const place = await testDatabase(url)
  try {
    return await task(place)
  } finally {
    await place.drop()
  }
}
