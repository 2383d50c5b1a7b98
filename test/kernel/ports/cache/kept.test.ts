import test from 'ava'
import { VirtualClock } from '../../../contract/clock.ts'
import { KeptChanges } from '../../../../kernel/ports/cache/kept-changes.ts'
import { Frail, turns } from './frail.ts'
import { over } from './over.ts'

function start() {
  const clock = new VirtualClock()
  const frail = new Frail(clock)
  return { frail, ...over(frail.driver, { clock, keys: {} }), other: over(frail.backend, { clock }) }
}

type Started = ReturnType<typeof start>

const changes: Readonly<Record<string, (started: Started) => Promise<unknown>>> = {
  'a deletion': ({ cache, call }) => cache.delete({ key: 'a:1' }, call),
  'a set': ({ cache, call }) => cache.set({ key: 'a:1', value: 'newer' }, call),
  'an invalidation by prefix': ({ cache, call }) => cache.invalidate({ prefix: 'a:' }, call),
  'an invalidation by tag': ({ cache, call }) => cache.invalidate({ tags: ['x', 'y'] }, call),
  'an invalidation of all': ({ cache, call }) => cache.invalidate({ all: true }, call),
}

for (const mode of ['fails', 'hangs', 'late'] as const) {
  for (const [what, change] of Object.entries(changes)) {
    test(`${what} made while the backend ${mode} holds before the first hit after it is back`, async (t) => {
      const started = start()
      const { cache, call, clock, frail } = started
      await cache.set({ key: 'a:1', value: 'older', tags: ['x'] }, call)
      await cache.set({ key: 'b', value: 'beside' }, call)
      frail.mode = mode
      await Promise.all([change(started), clock.advance(50)])

      frail.mode = 'up'
      const values = []
      for (let n = 0; n < 5; n += 1) {
        const [hit] = await Promise.all([cache.get({ key: 'a:1' }, call), clock.advance(1_000)])
        values.push(hit?.value ?? null)
      }

      t.false(values.includes('older'))
      t.is((await cache.get({ key: 'b' }, call))?.value, what.endsWith('all') ? undefined : 'beside')
    })
  }
}

test('the same holds once the backend is left alone, and what was kept is told though nobody calls', async (t) => {
  const { cache, call, clock, frail, other, lines } = start()
  await cache.set({ key: 'a', value: 'older' }, call)
  frail.mode = 'fails'
  for (let n = 0; n < 10; n += 1) await cache.delete({ key: `k${n}` }, call)
  await cache.delete({ key: 'a' }, call)
  t.is((await other.cache.get({ key: 'a' }, other.call))?.value, 'older')

  frail.mode = 'up'
  await clock.advance(2_000)
  await turns()

  t.is(await other.cache.get({ key: 'a' }, other.call), null)
  t.is(lines.length, 2)
})

test('while a change is not told, nothing is answered and nothing is filled from before it', async (t) => {
  const { cache, call, clock, frail, other } = start()
  await cache.set({ key: 'b', value: 'beside' }, call)
  const { promise: loaded, resolve } = Promise.withResolvers<string>()
  const waiting = cache.remember('a', () => loaded)
  await turns()
  frail.mode = 'fails'
  await cache.invalidate({ prefix: 'a' }, call)
  t.is(await cache.get({ key: 'b' }, call), null)
  frail.mode = 'up'
  resolve('older')
  t.is(await waiting, 'older')

  await clock.advance(2_000)
  await turns()

  t.is(await cache.get({ key: 'a' }, call), null)
  t.is(await other.cache.get({ key: 'a' }, other.call), null)
  t.is((await cache.get({ key: 'b' }, call))?.value, 'beside')
})

test('more than 10,000 kept changes are one invalidation of all', async (t) => {
  const { cache, call, clock, frail } = start()
  await cache.set({ key: 'beside', value: 1 }, call)
  frail.mode = 'fails'
  for (let n = 0; n < 10_001; n += 1) await cache.delete({ key: `k${n}` }, call)
  frail.mode = 'up'
  frail.asked.length = 0

  await clock.advance(2_000)
  await turns()

  t.deepEqual(frail.asked, ['invalidate {"all":true}'])
  t.is(await cache.get({ key: 'beside' }, call), null)
})

test('a change that the backend refuses for good becomes one invalidation of all, and its callers have the cache back at once', async (t) => {
  const { cache, call, frail, lines } = start()
  await cache.set({ key: 'a', value: 'older' }, call)
  frail.refuses = (what) => what.includes('prefix')
  frail.asked.length = 0

  for (let n = 0; n < 20; n += 1) {
    await cache.invalidate({ prefix: `a${n}` }, call)
    await turns()
  }

  t.is(frail.asked.filter((what) => what === 'invalidate {"all":true}').length, 20)
  t.is(lines.length, 20)
  t.is(await cache.get({ key: 'a' }, call), null)
  await cache.set({ key: 'a', value: 'newer' }, call)
  t.is((await cache.get({ key: 'a' }, call))?.value, 'newer')
})

test('a backend that refuses even that is asked once a second, and answers nothing until it does it', async (t) => {
  const { cache, call, clock, frail } = start()
  await cache.set({ key: 'a', value: 'older' }, call)
  frail.refuses = (what) => what.startsWith('invalidate')
  await cache.invalidate({ prefix: 'a' }, call)
  await turns()
  frail.asked.length = 0

  await clock.advance(10_000)
  t.true(frail.asked.length > 5 && frail.asked.length <= 11, frail.asked.join())
  t.is(await cache.get({ key: 'a' }, call), null)
  frail.refuses = () => false
  await clock.advance(2_000)
  await turns()

  t.is(await cache.get({ key: 'a' }, call), null)
  t.true((await cache.set({ key: 'a', value: 'newer' }, call)).stored)
})

test('what was kept is told when the binding ends', async (t) => {
  const { cache, call, frail, other, close } = start()
  await cache.set({ key: 'a', value: 'older' }, call)
  frail.mode = 'fails'
  await cache.delete({ key: 'a' }, call)
  await turns()
  frail.mode = 'up'

  await close()

  t.is(await other.cache.get({ key: 'a' }, other.call), null)
})

test('what was taken and given back is kept once, all of it, a part at a time', (t) => {
  const kept = new KeptChanges()
  for (let n = 0; n < 250; n += 1) kept.keep({ key: `k${n}` })
  kept.keep({ key: 'k0' })
  kept.keep({ prefix: 'p' })
  kept.keep({ tags: ['x', 'y'] })
  t.is(kept.size, 253)

  const taken = kept.take()
  for (const change of taken) kept.keep(change)
  t.is(kept.size, 253)

  const parts = []
  while (kept.size > 0) parts.push(kept.take().length)
  t.deepEqual(parts, [1, 1, 100, 100, 50])
  kept.keep({ all: true })
  kept.keep({ key: 'a' })
  t.deepEqual([kept.size, kept.take(), kept.size], [1, [{ all: true }], 0])
})
