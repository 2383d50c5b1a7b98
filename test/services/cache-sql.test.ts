import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import plugin from '../../plugins/cache-sql/index.ts'
import { cacheDriverContract } from '../contract/cache-driver.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { call, cacheOver } from '../plugins/cache-sql/start.ts'
import { testCacheContract } from './cache-contract.ts'
import { open as openMysql } from './mysql.ts'
import { open as openPostgres } from './postgres.ts'
import { databaseOf, testWith } from './server.ts'

for (const server of ['POSTGRES', 'MARIADB'] as const) {
  testCacheContract(server, plugin.capabilities)

  const open = async (t: ExecutionContext, url: string) => {
    const database = await databaseOf(t, url)
    const connect = () => (server === 'POSTGRES' ? openPostgres(t, { url: database.url }) : openMysql(t, { url: database.url }))
    return { driver: await cacheOver(t, await connect()), other: await cacheOver(t, await connect()) }
  }

  for (const { title, run } of cacheDriverContract) {
    testWith([server], `cache driver: ${title}`, async (t, url) => run(t, { clock: () => new SteppedClock(), capabilities: plugin.capabilities, open: async () => open(t, url) }))
  }

  testWith([server], 'cache: whoever writes, fills, deletes and invalidates one key at once, none fails, and the last word holds', async (t, url) => {
    const { driver, other } = await open(t, url)
    const entry = (value: number) => ({ key: 'a:1', value, sizeBytes: 1, freshMs: 60_000, staleMs: 0, tags: ['x', 'y'] })
    const fillAndWrite = async (by: typeof driver, value: number) => {
      const fill = await by.beginFill({ key: 'a:1', tags: ['x', 'y'], holdMs: 30_000, alone: value % 2 === 0 }, call)
      if (fill) await by.write({ ...entry(value), fill }, call)
    }
    for (let round = 0; round < 20; round += 1) {
      const work = [driver, other].flatMap((by, at) => [
        by.write(entry(round), call), fillAndWrite(by, round), fillAndWrite(by, round + 1), by.delete('a:1', call),
        by.invalidate(at === 0 ? { tags: ['x'] } : { prefix: 'a:' }, call),
      ])
      await t.notThrowsAsync(Promise.all(work))
      await (round % 2 === 0 ? driver.invalidate({ tags: ['y'] }, call) : other.delete('a:1', call))

      t.deepEqual(await driver.read(['a:1'], call), [undefined], String(round))
    }
    t.true(await driver.write(entry(1), call))
    t.is((await other.read(['a:1'], call))[0]?.value, 1)
  })

  testWith([server], 'cache: however many change a few keys at once, on two replicas, no change ends in a deadlock', async (t, url) => {
    const { driver, other } = await open(t, url)
    const entry = (key: string) => ({ key, value: key, sizeBytes: 1, freshMs: 60_000, staleMs: 0, tags: ['x', 'y'] })
    const fillAndWrite = async (by: typeof driver, key: string, alone: boolean) => {
      const fill = await by.beginFill({ key, tags: ['x'], holdMs: 30_000, alone }, call)
      return fill && by.write({ ...entry(key), fill }, call)
    }
    const changes: readonly ((by: typeof driver, key: string) => Promise<unknown>)[] = [
      (by, key) => fillAndWrite(by, key, false), (by, key) => by.write(entry(key), call), (by, key) => fillAndWrite(by, key, true), (by, key) => by.delete(key, call),
      (by, key) => fillAndWrite(by, key, false), (by) => by.invalidate({ tags: ['x', 'y'] }, call), (by) => by.invalidate({ prefix: 'a:' }, call),
    ]
    const work = async (by: typeof driver, worker: number) => {
      for (let at = 0; at < 25; at += 1) await changes[(at * 3 + worker) % changes.length]?.(by, `a:${(at + worker) % 2}`)
    }

    await t.notThrowsAsync(Promise.all([driver, other].flatMap((by) => Array.from({ length: 10 }, async (_, worker) => work(by, worker)))))
  })
}

testWith(['MARIADB'], 'cache: a value larger than the server takes is not stored, leaves no older one, and takes the cache from nobody', async (t, url) => {
  const { connection } = await databaseOf(t, url)
  const kernel = await createKernel({ version: 1, name: 'test', connections: { main: connection }, ports: { cache: { on: 'main', timeout: '10s', maxValue: '64MiB' } } }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { cache } = kernel.ports
  await cache.set({ key: 'small', value: 1 })
  const [server] = await (await openMysql(t, { url })).query<{ bytes: number }>({ sql: 'select @@global.max_allowed_packet as bytes', params: [] }, call)
  const large = 'x'.repeat((server?.bytes ?? 0) + 1)
  if (large.length > 50_000_000) return t.log('the server takes whatever the cache does')

  for (let n = 0; n < 6; n += 1) {
    await cache.set({ key: 'a', value: 'older' })
    t.deepEqual(await cache.set({ key: 'a', value: large }), { stored: false })
    t.is(await cache.get({ key: 'a' }), null)
    t.is((await cache.get({ key: 'small' }))?.value, 1)
  }
  t.is(await cache.remember('a', () => large.length), large.length)
})
