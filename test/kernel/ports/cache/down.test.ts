import test from 'ava'
import type { CacheDriver } from '../../../../kernel/ports/cache/index.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { Frail, turns } from './frail.ts'
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
    for (let n = 0; n < 10; n += 1) await cache.get({ key: 'a' }, call)

    t.true(calls.degraded >= 15)
    t.is(lines.length, 1)
    let degraded = 0
    t.is(await cache.remember('a', () => 7, { onDegraded: () => (degraded += 1) }), 7)
    t.is(degraded, 1)
  })
}

test('a backend that does not answer is a miss after the key timeout, 50 ms unless set', async (t) => {
  for (const [keys, timeoutMs] of [[{ timeoutMs: 1_000 }, 1_000], [{}, 50]] as const) {
    const { cache, call, calls, clock } = over(failing(() => new Promise<never>(() => undefined)), { keys })
    let answered = false
    const get = cache.get({ key: 'a' }, call).finally(() => (answered = true))

    await clock.advance(timeoutMs - 1)
    t.false(answered)
    await clock.advance(1)

    t.is(await get, null)
    t.is(calls.degraded, 1)
  }
})

for (const mode of ['fails', 'hangs', 'late'] as const) {
  test(`a backend that ${mode} five times is left alone: nobody waits for it, and it is looked at behind the answers`, async (t) => {
    const clock = new VirtualClock()
    const frail = new Frail(clock)
    const { cache, call, lines, meters } = over(frail.driver, { clock, keys: {} })
    await cache.set({ key: 'a', value: 1 }, call)
    frail.mode = mode
    frail.asked.length = 0
    const startMs = clock.now()

    for (let n = 0; n < 5; n += 1) await Promise.all([cache.get({ key: 'a' }, call), clock.advance(50)])
    t.is(clock.now() - startMs, 250)
    for (let n = 0; n < 1_000; n += 1) t.is(await cache.get({ key: 'a' }, call), null)
    t.is(frail.asked.length, 5)
    t.is(await cache.remember('b', () => 2), 2)
    t.is(frail.asked.length, 5)
    t.is(figure(meters.gauges, 'backend_left_alone'), 1)
    t.is(figure(meters.counters, 'backend_failures_total'), 5)

    await clock.advance(10_000)
    t.true(frail.asked.length > 5 && frail.asked.length <= 16, frail.asked.join())
    frail.mode = 'up'
    await clock.advance(2_000)
    await turns()

    t.is((await cache.get({ key: 'a' }, call))?.value, 1)
    t.is(figure(meters.gauges, 'backend_left_alone'), 0)
    t.deepEqual([figure(meters.counters, 'hits_total'), figure(meters.counters, 'misses_total')], [1, 1_006])
    t.is(lines.length, 2)
  })
}

test('who remembers waits for one timeout, not for each thing that it asks of the backend', async (t) => {
  const clock = new VirtualClock()
  const frail = new Frail(clock)
  const { cache } = over(frail.driver, { clock, keys: {} })
  frail.mode = 'hangs'

  const [one] = await Promise.all([cache.remember('a', () => 1), clock.advance(50)])
  const [many] = await Promise.all([cache.rememberMany(['b', 'c'], async (keys) => keys.map(() => 2)), clock.advance(50)])

  t.is(one, 1)
  t.deepEqual(many, [2, 2])
  t.deepEqual(frail.asked, ['read a', 'read b,c', 'read _'])
})

test('reads of several keys that are late do not take the cache from who reads one', async (t) => {
  const clock = new VirtualClock()
  const frail = new Frail(clock)
  const { cache, call, lines } = over(frail.driver, { clock, keys: {} })
  await cache.set({ key: 'a', value: 1 }, call)
  frail.stalls = (what) => what.includes(',')

  for (let n = 0; n < 20; n += 1) {
    const [many] = await Promise.all([cache.getMany({ keys: ['a', 'b'] }, call), clock.advance(50)])
    t.deepEqual(many, { items: [null, null] })
    t.is((await cache.get({ key: 'a' }, call))?.value, 1)
  }

  t.is(lines.length, 0)
})

test('a backend that answers nothing is left alone also when all ask for several keys', async (t) => {
  const clock = new VirtualClock()
  const frail = new Frail(clock)
  const { cache, call, lines } = over(frail.driver, { clock, keys: {} })
  frail.mode = 'hangs'

  for (let n = 0; n < 20; n += 1) await Promise.all([cache.getMany({ keys: ['a', 'b'] }, call), clock.advance(50)])

  t.is(lines.length, 1)
  t.true(frail.asked.length <= 18, frail.asked.join())
})

test('one answer makes the failures before it forgotten', async (t) => {
  const clock = new VirtualClock()
  const frail = new Frail(clock)
  const { cache, call, lines } = over(frail.driver, { clock })
  for (let n = 0; n < 20; n += 1) {
    frail.mode = n % 5 === 4 ? 'up' : 'fails'
    await cache.get({ key: 'a' }, call)
  }

  t.is(lines.length, 0)
  t.is(frail.asked.length, 20)
})

test('a turn that takes longer than the timeout does not make answers late that have come', async (t) => {
  const clock = new VirtualClock()
  const lies: CacheDriver['read'] = () => new Promise((resolve) => setImmediate(() => resolve([{ value: 1, freshMs: null }])))
  const { cache, call } = over({ ...failing(() => new Promise<never>(() => undefined)), read: lies }, { clock })

  const [hit] = await Promise.all([cache.get({ key: 'a' }, call), clock.advance(60_000)])

  t.is(hit?.value, 1)
})

function figure(all: Iterable<{ readonly name: string; readonly figure: { readonly value: number | undefined } }>, name: string): number | undefined {
  return [...all].find((one) => one.name === `portico_cache_${name}`)?.figure.value
}
