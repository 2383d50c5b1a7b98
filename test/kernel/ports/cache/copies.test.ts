import test from 'ava'
import { LruCache } from '../../../../plugins/cache-lru/driver.ts'
import { TieredCache } from '../../../../plugins/cache-tiered/driver.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { Frail, turns } from './frail.ts'
import { over } from './over.ts'

const maxStaleMs = 10_000

function tiered() {
  const clock = new VirtualClock()
  const far = new Frail(clock)
  const near = new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
  return { far, ...over(new TieredCache({ near, far: far.driver, maxStaleMs, clock }), { clock, keys: {} }) }
}

/** So many calls that nothing at hand can answer. */
async function misses({ cache, call, clock }: ReturnType<typeof tiered>, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await Promise.all([cache.get({ key: `missing ${n}` }, call), clock.advance(50)])
}

test('while the backend is down its copies are answered, degraded, until maxStale', async (t) => {
  const all = tiered()
  const { cache, call, calls, clock, far } = all
  await cache.set({ key: 'a', value: 1 }, call)
  await cache.get({ key: 'a' }, call)
  far.mode = 'hangs'
  await misses(all, 5)
  calls.degraded = 0

  t.deepEqual(await cache.getMany({ keys: ['a', 'b'] }, call), { items: [{ value: 1, ttlMs: null, stale: false }, null] })
  t.is(calls.degraded, 1)
  await clock.advance(maxStaleMs)

  t.is(await cache.get({ key: 'a' }, call), null)
})

test('copies that are hit do not hide that the backend keeps failing', async (t) => {
  const all = tiered()
  const { cache, call, far } = all
  await cache.set({ key: 'a', value: 1 }, call)
  await cache.get({ key: 'a' }, call)
  far.mode = 'hangs'
  far.asked.length = 0

  for (let n = 0; n < 5; n += 1) {
    await misses(all, 1)
    await cache.get({ key: 'a' }, call)
  }
  for (let n = 0; n < 100; n += 1) await cache.get({ key: `missing ${n}` }, call)

  t.is(far.asked.length, 5)
})

test('what is changed while the backend is down is answered by no copy, and is told when it is back', async (t) => {
  const all = tiered()
  const { cache, call, clock, far } = all
  for (const [key, tag] of [['a', 'x'], ['b', 'y'], ['c', 'z']] as const) {
    await cache.set({ key, value: 1, tags: [tag] }, call)
    await cache.get({ key }, call)
  }
  far.mode = 'fails'
  await misses(all, 5)

  await cache.delete({ key: 'a' }, call)
  await cache.invalidate({ tags: ['y'] }, call)
  const values = async () => (await cache.getMany({ keys: ['a', 'b', 'c'] }, call)).items.map((hit) => hit?.value)

  t.deepEqual(await values(), [undefined, undefined, 1])
  far.mode = 'up'
  await clock.advance(2_000)
  await turns()

  t.deepEqual(await values(), [undefined, undefined, 1])
  t.is(far.backend.read(['a'])[0], undefined)
})
