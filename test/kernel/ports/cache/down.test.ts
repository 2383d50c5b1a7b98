import test from 'ava'
import type { CacheDriver } from '../../../../kernel/ports/cache/index.ts'
import { over } from './over.ts'

const failing = (fail: () => never | Promise<never>): CacheDriver => ({ read: fail, write: fail, delete: fail, invalidate: fail, beginFill: fail, endFill: fail })

const ways = {
  'throws at once': () => { throw new Error('down') },
  'rejects later': () => Promise.reject(new Error('down')),
}

for (const [way, fail] of Object.entries(ways)) {
  test(`a backend that ${way} is a miss or a no-op, degraded, and logged once an outage`, async (t) => {
    const { cache, call, calls, lines } = over(failing(fail))

    t.is(await cache.get({ key: 'a' }, call), null)
    t.deepEqual(await cache.getMany({ keys: ['a', 'b'] }, call), { items: [null, null] })
    t.deepEqual(await cache.set({ key: 'a', value: 1 }, call), { stored: false })
    t.deepEqual(await cache.delete({ key: 'a' }, call), {})
    t.deepEqual(await cache.invalidate({ all: true }, call), {})

    t.true(calls.degraded >= 5)
    t.is(lines.length, 1)
    let degraded = 0
    t.is(await cache.remember('a', () => 7, { onDegraded: () => (degraded += 1) }), 7)
    t.is(degraded, 1)
  })
}

test('a backend that does not answer is a miss after the key timeout', async (t) => {
  const { cache, call, calls, clock } = over(failing(() => new Promise<never>(() => undefined)))
  const get = cache.get({ key: 'a' }, call)

  await clock.advance(1_000)

  t.is(await get, null)
  t.is(calls.degraded, 1)
})

test('a backend that answers again is logged as such', async (t) => {
  let down = true
  const driver: CacheDriver = { read: () => { if (down) throw new Error('down'); return [{ value: 1, freshMs: null }] }, write: () => true, delete: () => undefined, invalidate: () => undefined, beginFill: () => undefined, endFill: () => undefined }
  const { cache, call, lines } = over(driver)
  await cache.get({ key: 'a' }, call)
  await cache.get({ key: 'a' }, call)
  down = false

  t.is((await cache.get({ key: 'a' }, call))?.value, 1)
  await cache.get({ key: 'a' }, call)

  t.is(lines.length, 2)
})
