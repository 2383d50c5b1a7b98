import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../kernel/clock.ts'
import { SteppedClock } from '../contract/clock.ts'
import { lockReplicas } from '../contract/locks-replicas.ts'
import { locksContract } from '../contract/locks.ts'
import { killHolder } from '../tools/killed-holder.ts'
import { ownRedis } from './redis.ts'
import { databaseOf, testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

for (const server of ['POSTGRES', 'MARIADB', 'REDIS'] as const) {
  for (const { title, run } of locksContract) {
    testWith([server], `locks: ${title}`, (t, url) => run(t, { clock: () => new SteppedClock(), start: async (_, clock) => lockReplicas(t, clock, (await databaseOf(t, url)).connection) }))
  }

  testWith([server], 'locks: kill -9 of who holds a lock frees it when its time is over', async (t, url) => killHolder(t, (await databaseOf(t, url)).connection))

  // The net is half a second where wake-ups reach one process alone, and five seconds elsewhere.
  const withinMs = server === 'MARIADB' ? 2_500 : 4_500
  testWith([server], `locks: who waits in one replica has the lock within ${withinMs} ms of its release in another`, async (t, url) => {
    const { locks, other } = await lockReplicas(t, systemClock, (await databaseOf(t, url)).connection)
    const grant = await locks.acquire({ name: 'a', ttlMs: 60_000 })
    const waiting = other.acquire({ name: 'a', ttlMs: 60_000, waitMs: 30_000 })
    await sleep(1_000)

    const releasedMs = performance.now()
    await locks.release({ name: 'a', token: grant.token })
    const next = await waiting

    const tookMs = performance.now() - releasedMs
    t.log(`${tookMs.toFixed(1)} ms`)
    t.true(next.fencingToken > grant.fencingToken)
    t.true(tookMs < withinMs, `${tookMs} ms`)
  })
}

testWith(['REDIS'], 'locks: fencing tokens grow also when the server forgot them all', async (t, url) => {
  const database = await databaseOf(t, url)
  const { locks } = await lockReplicas(t, systemClock, database.connection)
  const before = await locks.acquire({ name: 'a', ttlMs: 60_000 })

  // What is under the prefix of this test.
  await database.drop()
  const after = await locks.acquire({ name: 'a', ttlMs: 60_000 })

  t.true(after.fencingToken > before.fencingToken)
})

testWith(['REDIS'], 'locks: a server that drops keys when its memory is full is refused', async (t) => {
  const server = await ownRedis(t, '--maxmemory-policy', 'allkeys-lru')
  if (!server) return t.log('there is no redis-server')

  await t.throwsAsync(lockReplicas(t, systemClock, { use: 'redis', with: { url: `redis://${server.host}` } }), { code: 'DATABASE_FAILED' })
})

for (const server of ['POSTGRES', 'MARIADB', 'REDIS'] as const) {
  testWith([server, 'TOXIPROXY'], 'locks: an acquire whose answer is lost on the way holds the lock, and its repeat is answered the grant', async (t, url, api) => {
    const { connection } = await databaseOf(t, url)
    const way = new URL(connection.with['url'] ?? '')
    const proxy = await openProxy(t, api, way.host)
    way.port = String(proxy.port)
    const { locks } = await lockReplicas(t, systemClock, { ...connection, with: { ...connection.with, url: way.href } })
    const { locks: direct } = await lockReplicas(t, systemClock, connection)
    const wanted = { name: 'a', ttlMs: 60_000, requestId: randomUUID() }
    // The row of a new name takes trips of its own.
    const before = await locks.acquire({ name: 'a', ttlMs: 60_000 })
    await locks.release({ name: 'a', token: before.token })

    await proxy.hang('answers')
    await t.throwsAsync(locks.acquire(wanted, { timeoutMs: 2_000 }))
    await t.throwsAsync(direct.acquire({ name: 'a', ttlMs: 60_000 }), { code: 'LOCK_HELD' })

    const grant = await direct.acquire(wanted)
    t.true(grant.fencingToken > before.fencingToken && grant.expiresInMs < 60_000)
    t.is((await direct.renew({ name: 'a', token: grant.token, ttlMs: 60_000 })).fencingToken, grant.fencingToken)
    t.deepEqual(await direct.release({ name: 'a', token: grant.token }), { released: true })
  })
}
