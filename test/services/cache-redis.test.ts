import type { ExecutionContext } from 'ava'
import type { Call } from '../../kernel/plugin.ts'
import type { CacheWrite } from '../../kernel/ports/cache/index.ts'
import { RedisCache } from '../../plugins/cache-redis/driver.ts'
import plugin from '../../plugins/cache-redis/index.ts'
import type { RedisDriver } from '../../plugins/redis-redis/driver.ts'
import { cacheDriverContract } from '../contract/cache-driver.ts'
import { SteppedClock } from '../contract/clock.ts'
import { testCacheContract } from './cache-contract.ts'
import { openConnection, ownRedis } from './redis.ts'
import { databaseOf, testWith } from './server.ts'

const maxAgeMs = 3_600_000
const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: '', text: false, degrade: () => undefined }

testCacheContract('REDIS', plugin.capabilities)

for (const { title, run } of cacheDriverContract) {
  testWith(['REDIS'], `cache driver: ${title}`, async (t, url) => run(t, {
    clock: () => new SteppedClock(),
    capabilities: plugin.capabilities,
    async open() {
      const { connection } = await databaseOf(t, url)
      const open = async () => new RedisCache(await openConnection(t, { url, ...connection.with }), 'cache', maxAgeMs)
      return { driver: await open(), other: await open() }
    },
  }))
}

testWith(['REDIS'], 'cache: whatever key Redis drops, nothing that was invalidated comes back, and nothing older than it is stored', async (t, url) => {
  const invalidations = {
    tag: (driver: RedisCache) => driver.invalidate({ tags: ['x'] }, call),
    prefix: (driver: RedisCache) => driver.invalidate({ prefix: 'a:' }, call),
    all: (driver: RedisCache) => driver.invalidate({ all: true }, call),
    deletion: (driver: RedisCache) => driver.delete('a:1', call),
  }
  let dropped = 0
  for (const [what, invalidate] of Object.entries(invalidations)) {
    for (let at = 0; ; at += 1) {
      const { driver, connection } = await open(t, url)
      await driver.write(entry('a:1', ['x', 'y']), call)
      await driver.write(entry('b:1', ['x']), call)
      const fill = await driver.beginFill({ key: 'a:1', tags: ['x'], holdMs: 60_000, alone: false }, call)
      await invalidate(driver)
      const helpers = (await keysOf(connection)).filter((key) => !key.includes(':row:'))
      const helper = helpers[at]
      if (helper === undefined) break
      dropped += 1
      await connection.command(['DEL', helper], 'write', call)
      // Others go on writing and invalidating, so that whatever is missing is made anew.
      await driver.write(entry('b:2', ['x', 'y']), call)
      await driver.invalidate({ prefix: 'c' }, call)
      await driver.write(entry('b:3', ['x', 'y']), call)

      t.deepEqual(await driver.read(['a:1'], call), [undefined], `${what}, without ${helper}`)
      t.false(await driver.write({ ...entry('a:1', ['x']), ...(fill && { fill }) }, call), `${what}, without ${helper}`)
      t.deepEqual(await driver.read(['a:1'], call), [undefined])
    }
  }
  t.true(dropped >= 9, String(dropped))
})

testWith(['REDIS'], 'cache: of many rows that are large one read answers a few megabytes, and who reads beside it gets its row', async (t, url) => {
  const { driver } = await open(t, url)
  const keys = Array.from({ length: 99 }, (_, at) => `k${at}`)
  for (const key of keys) await driver.write({ ...entry(key, []), value: key.repeat(100_000) }, call)
  await driver.write(entry('small', []), call)

  const [many, one, other] = await Promise.all([driver.read(keys, call), driver.read(['small'], call), driver.read(['small', 'none'], call)])

  t.true(many.length >= 1 && many.length <= 10, String(many.length))
  t.true(many.every((row, at) => row?.value === keys[at]?.repeat(100_000)))
  t.is(one.length, 1)
  t.truthy(one[0])
  t.is(other[1], undefined)
  t.truthy(other[0])
})

testWith(['REDIS'], 'cache: of several hundred keys a hundred are answered at a time, and fewer when their rows are large', async (t, url) => {
  const { driver } = await open(t, url)
  const keys = Array.from({ length: 250 }, (_, at) => `k${at}`)
  t.is((await driver.read(keys, call)).length, 100)
  for (const key of keys.slice(50, 105)) await driver.write({ ...entry(key, []), value: key.repeat(50_000) }, call)

  const rows = await driver.read(keys, call)

  t.true(rows.length > 50 && rows.length < 100, String(rows.length))
  t.deepEqual(rows.flatMap((row, at) => (row ? [at] : [])), Array.from({ length: rows.length - 50 }, (_, at) => 50 + at))
})

testWith(['REDIS'], 'cache: after a flush it is empty, a fill from before stores nothing, and it goes on', async (t) => {
  const server = await ownRedis(t)
  if (!server) return t.log('there is no redis-server')
  const connection = await openConnection(t, { url: `redis://${server.host}` })
  const driver = new RedisCache(connection, 'cache', maxAgeMs)
  await driver.write(entry('a', ['x']), call)
  const fill = await driver.beginFill({ key: 'b', tags: [], holdMs: 60_000, alone: true }, call)

  await connection.command(['FLUSHALL'], 'write', call)

  t.deepEqual(await driver.read(['a'], call), [undefined])
  t.false(await driver.write({ ...entry('b'), ...(fill && { fill }) }, call))
  t.true(await driver.write(entry('a', ['x']), call))
  t.truthy((await driver.read(['a'], call))[0])
})

testWith(['REDIS'], 'cache: of a server that drops keys when its memory is full nothing comes back that was invalidated', async (t) => {
  const server = await ownRedis(t, '--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-random')
  if (!server) return t.log('there is no redis-server')
  const driver = new RedisCache(await openConnection(t, { url: `redis://${server.host}`, maxPending: 10_000 }), 'cache', maxAgeMs)
  const big = 'x'.repeat(2_000)
  const keys = Array.from({ length: 50 }, (_, at) => `old:${at}`)

  let came = 0
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(keys.map((key, at) => driver.write({ ...entry(key, [`t${at % 5}`]), value: 'old' }, call)))
    await (round % 2 === 0 ? driver.invalidate({ tags: ['t0', 't1', 't2', 't3', 't4'] }, call) : driver.invalidate({ prefix: 'old:' }, call))
    await Promise.all(Array.from({ length: 500 }, (_, at) => driver.write({ ...entry(`new:${round}:${at}`, [`t${at % 5}`]), value: big }, call)))
    came += (await driver.read(keys, call)).filter((row) => row !== undefined).length
  }

  t.is(came, 0)
})

testWith(['REDIS'], 'cache: without room a write is refused, leaves no older value, and invalidations are kept all the same', async (t) => {
  const server = await ownRedis(t, '--maxmemory-policy', 'noeviction')
  if (!server) return t.log('there is no redis-server')
  const connection = await openConnection(t, { url: `redis://${server.host}` })
  const driver = new RedisCache(connection, 'cache', maxAgeMs)
  for (const key of ['a', 'b:1', 'c', 'd']) await driver.write(entry(key, ['x']), call)
  await driver.write(entry('e', ['y']), call)

  await connection.command(['CONFIG', 'SET', 'maxmemory', '1'], 'write', call)
  await t.throwsAsync(driver.write(entry('a', ['x']), call), { code: 'DATABASE_FULL' })
  t.deepEqual(await driver.read(['a'], call), [undefined])
  await driver.delete('c', call)
  await driver.invalidate({ prefix: 'b:' }, call)
  await driver.invalidate({ tags: ['y'] }, call)
  await connection.command(['CONFIG', 'SET', 'maxmemory', '0'], 'write', call)

  const rows = await driver.read(['a', 'b:1', 'c', 'e'], call)
  t.deepEqual(rows, [undefined, undefined, undefined, undefined])
})

testWith(['REDIS'], 'cache: what a caller wrote is in no name of a key, and every key but the state leaves with its time', async (t, url) => {
  const { driver, connection } = await open(t, url)
  const hostile = '}{x}*\r\nFLUSHALL\r\n"`\\'
  await driver.write({ ...entry(hostile, [`tag ${hostile}`]), value: hostile }, call)
  await driver.beginFill({ key: `fill ${hostile}`, tags: [hostile], holdMs: 5_000, alone: true }, call)
  await driver.invalidate({ prefix: `prefix ${hostile}` }, call)

  t.is((await driver.read([hostile], call))[0]?.value, hostile)
  const keys = await keysOf(connection)
  t.is(keys.length, 5)
  for (const key of keys) {
    t.regex(key.slice(connection.prefix.length), /^:\{cache\}:(?:state|(?:row|tag|fills):[\w-]{43})$/)
    const ttlMs = Number(await connection.command(['PTTL', key], 'read', call))
    t.true(key.endsWith(':state') ? ttlMs === -1 : ttlMs > 0 && ttlMs <= maxAgeMs, `${key} ${ttlMs}`)
  }
})

testWith(['REDIS'], 'cache: prefixes are bounded; past the bound all is invalidated', async (t, url) => {
  const { driver, connection } = await open(t, url)
  await driver.write(entry('kept'), call)
  for (let at = 1; at <= 64; at += 1) await driver.invalidate({ prefix: 'p'.repeat(at) }, call)
  t.truthy((await driver.read(['kept'], call))[0])

  await driver.invalidate({ prefix: 'p'.repeat(65) }, call)
  t.is((await driver.read(['kept'], call))[0], undefined)

  await driver.write(entry('kept'), call)
  for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 1_000 }, (_, at) => driver.invalidate({ prefix: `q${round}-${String(at).padStart(4)}` }, call)))
  t.is((await driver.read(['kept'], call))[0], undefined)
  t.true(Number(await connection.command(['HLEN', `${connection.prefix}:{cache}:state`], 'read', call)) <= 10_000)
})

testWith(['REDIS'], 'cache: all that is asked for in one turn is one round trip', async (t, url) => {
  const { driver, connection } = await open(t, url)
  const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`)
  await Promise.all(keys.map((key, at) => driver.write({ ...entry(key), value: at }, call)))
  const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await connection.command(['INFO', 'commandstats'], 'read', call)))?.[1])

  const before = await calls()
  const one = await Promise.all(keys.map((key) => driver.read([key], call)))

  t.deepEqual(one.map(([row]) => row?.value), keys.map((_, at) => at))
  // Other tests may run scripts on this server meanwhile.
  t.true((await calls()) - before < 500)
})

async function open(t: ExecutionContext, url: string): Promise<{ driver: RedisCache; connection: RedisDriver }> {
  const { connection } = await databaseOf(t, url)
  const opened = await openConnection(t, { url, ...connection.with, maxPending: 10_000 })
  return { driver: new RedisCache(opened, 'cache', maxAgeMs), connection: opened }
}

function entry(key: string, tags: readonly string[] = []): CacheWrite {
  return { key, value: key, sizeBytes: 100, freshMs: null, staleMs: 0, tags }
}

async function keysOf(connection: RedisDriver): Promise<string[]> {
  const keys: string[] = []
  let cursor = '0'
  do {
    const [next, found] = (await connection.command(['SCAN', cursor, 'MATCH', `${connection.prefix}:*`, 'COUNT', '1000'], 'read', call)) as [string, string[]]
    keys.push(...found)
    cursor = next
  } while (cursor !== '0')
  return keys.sort()
}
