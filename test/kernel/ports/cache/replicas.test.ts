import test from 'ava'
import type { CacheDriver } from '../../../../kernel/ports/cache/index.ts'
import { LruCache } from '../../../../plugins/cache-lru/driver.ts'
import { rememberCases } from '../../../contract/cache-remember.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { over } from './over.ts'

// What holds between replicas, where both are in one process: the port twice over one driver.
for (const { title, run } of rememberCases) {
  test(`two replicas: ${title}`, async (t) => {
    const clock = new VirtualClock()
    const driver = new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
    const replica = async () => over(driver, { clock }).bound
    await run(t, { clock, capabilities: ['tags'], open: replica, replica })
  })
}

test('1,000 callers of one cold key in three replicas make one load', async (t) => {
  const clock = new VirtualClock()
  const driver = new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
  const replicas = [1, 2, 3].map(() => over(driver, { clock }).bound)
  const { promise: loaded, resolve } = Promise.withResolvers<string>()
  let loads = 0
  const load = () => {
    loads += 1
    return loaded
  }
  const waiting = Promise.all(Array.from({ length: 1_000 }, async (_, n) => replicas[n % 3]?.remember('a', load, { singleFlight: 'cluster' })))

  await new Promise((begun) => setImmediate(begun))
  await clock.advance(1_000)
  t.is(loads, 1)
  resolve('x')
  await clock.advance(1_000)

  t.deepEqual(await waiting, Array(1_000).fill('x'))
  t.is(loads, 1)
})

test('who was read for before a load had ended, and hears of it after, takes what it has cached', async (t) => {
  const clock = new VirtualClock()
  const backend = new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
  const held = Promise.withResolvers<undefined>()
  let reads = 0
  const driver: CacheDriver = {
    read: async (keys) => {
      const rows = backend.read(keys)
      if (++reads === 2) await held.promise
      return rows
    },
    write: (entry) => backend.write(entry), delete: (key) => backend.delete(key), invalidate: (selection) => backend.invalidate(selection),
    beginFill: (want) => backend.beginFill(want), endFill: (key, fill) => backend.endFill(key, fill),
  }
  const { bound } = over(driver, { clock })
  let loads = 0
  const load = () => ++loads

  const first = bound.remember('a', load)
  const second = bound.remember('a', load)
  t.is(await first, 1)
  held.resolve(undefined)

  t.is(await second, 1)
  t.is(loads, 1)
})

test('the keys of the binding stand in for options', async (t) => {
  const clock = new VirtualClock()
  const driver = new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
  const { bound } = over(driver, { clock, keys: { ttlMs: 1_000, staleMs: 1_000, graceMs: 5_000, negativeMs: 100, jitter: 0.5 } })
  await bound.remember('a', () => 1)
  await bound.remember('b', () => null)
  const ttlMs = (await bound.get({ key: 'a' }))?.ttlMs ?? 0
  t.true(ttlMs >= 500 && ttlMs <= 1_000)
  t.is((await bound.get({ key: 'b' }))?.ttlMs, 100)

  await clock.advance(3_000)

  t.is(await bound.remember<number>('a', () => { throw new Error('no') }), 1)
  await t.throwsAsync(bound.remember<number>('a', () => { throw new TypeError('no') }, { graceMs: 0 }), { instanceOf: TypeError })
})
