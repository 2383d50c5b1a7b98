import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Bound } from '../../kernel/plugin.ts'
import { LruCache } from '../../plugins/cache-lru/driver.ts'
import { RedisCache } from '../../plugins/cache-redis/driver.ts'
import { TieredCache } from '../../plugins/cache-tiered/driver.ts'
import { cacheDriverContract } from '../contract/cache-driver.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { testCacheContract } from './cache-contract.ts'
import { openConnection, ownRedis } from './redis.ts'
import { databaseOf, testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

const levels = [{ use: 'lru', with: { maxSize: '1MiB' } }, { on: 'main' }]

testCacheContract('REDIS', ['tags'], { use: 'tiered', with: { levels } })

for (const { title, run } of cacheDriverContract) {
  testWith(['REDIS'], `tiered driver: ${title}`, async (t, url) => run(t, {
    clock: () => new SteppedClock(),
    capabilities: ['tags'],
    async open(_, clock) {
      const { connection } = await databaseOf(t, url)
      const far = new RedisCache(await openConnection(t, { url, ...connection.with }), 'cache', 3_600_000)
      const driver = new TieredCache({ near: new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock), far, maxStaleMs: 60_000, clock })
      t.teardown(() => { driver.close() })
      return { driver, other: driver }
    },
  }))
}

testWith(['REDIS'], 'tiered: a change by one replica ends the copies of the other', async (t, url) => {
  const { connection } = await databaseOf(t, url)
  const [one, two] = [await start(t, connection, '1h'), await start(t, connection, '1h')]
  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    set: () => one.set({ key: 'a:1', value: 'new' }),
    delete: () => one.delete({ key: 'a:1' }),
    tag: () => one.invalidate({ tags: ['x'] }),
    prefix: () => one.invalidate({ prefix: 'a:' }),
    all: () => one.invalidate({ all: true }),
    remember: async () => { await one.delete({ key: 'a:1' }); await one.remember('a:1', () => 'new') },
  }
  for (const [what, change] of Object.entries(changes)) {
    await one.set({ key: 'a:1', value: 'old', tags: ['x'] })
    await until(async () => (await two.get({ key: 'a:1' }))?.value === 'old')
    await change()

    await until(async () => (await two.get({ key: 'a:1' }))?.value !== 'old')
    t.is((await two.get({ key: 'a:1' }))?.value, what === 'set' || what === 'remember' ? 'new' : undefined, what)
  }
})

testWith(['REDIS'], 'tiered: a replica that hears nothing is behind for maxStale and no longer', async (t, url) => {
  const { connection } = await databaseOf(t, url)
  const [one, two] = [await start(t, connection, '1h'), await start(t, connection, '2s')]
  const writer = new RedisCache(await openConnection(t, { url, ...connection.with }), 'cache', 3_600_000)
  await one.set({ key: 'a', value: 'old' })
  await hears(one)
  await one.get({ key: 'a' })
  await until(async () => (await two.get({ key: 'a' }))?.value === 'old')

  // A driver without a tier before it tells nobody.
  const lookedMs = performance.now()
  await writer.write({ key: 'a', value: 'new', sizeBytes: 1, freshMs: null, staleMs: 0, tags: [] }, call)
  await until(async () => (await two.get({ key: 'a' }))?.value === 'new')

  t.true(performance.now() - lookedMs < 2_000 + 3_000)
  t.is((await one.get({ key: 'a' }))?.value, 'old')
})

testWith(['REDIS', 'TOXIPROXY'], 'tiered: when the connection was lost, each copy is looked up anew once it is back', async (t, url, toxiproxy) => {
  const { connection } = await databaseOf(t, url)
  const way = new URL(url)
  const proxy = await openProxy(t, toxiproxy, way.host)
  way.port = String(proxy.port)
  const [one, two] = [await start(t, connection, '1h'), await start(t, { ...connection, with: { ...connection.with, url: way.href } }, '1h')]
  await one.set({ key: 'a', value: 'old' })
  await until(async () => (await two.get({ key: 'a' }))?.value === 'old')
  await hears(two)
  await two.get({ key: 'a' })

  await proxy.cut()
  await one.set({ key: 'a', value: 'new' })
  t.is((await two.get({ key: 'a' }))?.value, 'old')
  await proxy.restore()

  await until(async () => (await two.get({ key: 'a' }))?.value === 'new')
  t.is((await two.get({ key: 'a' }))?.value, 'new')
})

testWith(['REDIS'], 'tiered: a level\'s connection is part of its health', async (t) => {
  const server = await ownRedis(t)
  if (!server) return t.log('there is no redis-server')
  const kernel = await createKernel({
    version: 1, name: 'tiered', connections: { main: { use: 'redis', with: { url: `redis://${server.host}` } } }, ports: { cache: { use: 'tiered', with: { levels } } },
  }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  t.is((await kernel.bindings.get('cache')?.health())?.status, 'ok')

  await server.kill()

  t.is((await kernel.bindings.get('cache')?.health())?.status, 'failed')
})

const call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: '', text: false, degrade: () => undefined }

async function start(t: ExecutionContext, connection: object, maxStale: string): Promise<Bound['cache']> {
  const manifest = { version: 1, name: 'tiered', connections: { main: connection }, ports: { cache: { use: 'tiered', timeout: '10s', with: { levels, maxStale } } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.cache
}

/** Waits until it keeps copies, which it does once it hears the others: an answer that is a copy is the one before, frozen. */
async function hears(cache: Bound['cache']): Promise<void> {
  await cache.set({ key: 'heard', value: [] })
  await until(async () => (await cache.get({ key: 'heard' }))?.value === (await cache.get({ key: 'heard' }))?.value)
}

/** Waits for what another process has to hear first; the case fails where it never comes. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + 20_000; performance.now() < endMs;) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it never came')
}
