import type { ExecutionContext } from 'ava'
import type { Call } from '../../kernel/plugin.ts'
import type { CacheWrite } from '../../kernel/ports/cache/index.ts'
import type { RedisConnection } from '../../kernel/ports/redis/index.ts'
import { RedisCache } from '../../plugins/cache-redis/driver.ts'
import { openConnection } from './redis.ts'
import { databaseOf, testWith } from './server.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: '', text: false, degrade: () => undefined }

testWith(['REDIS'], 'cache: what is invalidated while a read is under way is not answered by it', async (t, url) => {
  const invalidations: Record<string, (writer: RedisCache) => Promise<void>> = {
    tag: (writer) => writer.invalidate({ tags: ['x'] }, call),
    prefix: (writer) => writer.invalidate({ prefix: 'a:' }, call),
    all: (writer) => writer.invalidate({ all: true }, call),
  }
  for (const [what, invalidate] of Object.entries(invalidations)) {
    const { writer, connection } = await open(t, url)
    await writer.write(entry('a:1', ['x']), call)
    const reader = new RedisCache(watched(connection, { afterRows: () => invalidate(writer) }), 'cache', 3_600_000)

    t.deepEqual(await reader.read(['a:1'], call), [undefined], what)
  }
})

testWith(['REDIS'], 'cache: a row that nothing can have hit is read without a script, whatever else was invalidated', async (t, url) => {
  const { writer, connection } = await open(t, url)
  await writer.write(entry('plain', []), call)
  const trips = { looks: 0, scripts: 0 }
  const reader = new RedisCache(watched(connection, { trips }), 'cache', 3_600_000)

  await writer.invalidate({ tags: ['other'] }, call)
  await writer.write(entry('tagged', ['x']), call)
  const rows = [...(await reader.read(['plain', 'tagged', 'nothing'], call))]

  t.deepEqual(rows.map((row) => row?.value), ['v', 'v', undefined])
  t.deepEqual(trips, { looks: 1, scripts: 0 })
})

testWith(['REDIS'], 'cache: rows that a script must judge cost one trip each, and not two, once there are many of them', async (t, url) => {
  const { writer, connection } = await open(t, url)
  await writer.write(entry('hit', ['x']), call)
  await writer.write(entry('left', ['y']), call)
  await writer.invalidate({ tags: ['x'] }, call)
  const trips = { looks: 0, scripts: 0 }
  const reader = new RedisCache(watched(connection, { trips }), 'cache', 3_600_000)

  t.deepEqual(await reader.read(['hit'], call), [undefined])
  for (let n = 0; n < 200; n += 1) t.is((await reader.read(['left'], call))[0]?.value, 'v')

  t.is(trips.scripts, 201)
  t.true(trips.looks <= 5, String(trips.looks))

  await writer.write(entry('left', ['y']), call)
  const before = trips.scripts
  for (let n = 0; n < 200; n += 1) await reader.read(['left'], call)
  t.true(trips.scripts - before <= 50, 'and without one again when it can be')
})

/** A connection whose looks go out command by command, so that something can come between, and are counted. */
function watched(connection: RedisConnection, { afterRows, trips = { looks: 0, scripts: 0 } }: { readonly afterRows?: () => Promise<void>; readonly trips?: { looks: number; scripts: number } }): RedisConnection {
  return {
    prefix: connection.prefix, facts: connection.facts, serverRun: connection.serverRun, signals: connection.signals,
    command: (words, effect, made) => connection.command(words, effect, made),
    now: (made) => connection.now(made),
    health: (made) => connection.health(made),
    run(...given) {
      trips.scripts += 1
      return connection.run(...given)
    },
    async commands([rows, ...others], effect, made) {
      trips.looks += 1
      if (!rows) return []
      const first = await connection.command(rows, effect, made)
      await afterRows?.()
      return [first, ...(await connection.commands(others, effect, made))]
    },
  }
}

async function open(t: ExecutionContext, url: string): Promise<{ writer: RedisCache; connection: RedisConnection }> {
  const { connection: { with: settings } } = await databaseOf(t, url)
  const connection = await openConnection(t, { url, ...settings })
  return { writer: new RedisCache(connection, 'cache', 3_600_000), connection }
}

function entry(key: string, tags: readonly string[]): CacheWrite {
  return { key, value: 'v', sizeBytes: 10, freshMs: 60_000, staleMs: 0, tags }
}
