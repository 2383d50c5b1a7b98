import { type CacheCase, promise, until } from './cache-case.ts'
import { loadCases } from './cache-loads.ts'
import { sharedLoadCases } from './cache-shared-loads.ts'

/** What `remember` promises, on every driver. */
export const rememberCases: readonly CacheCase[] = [
  promise('remember loads once for all who miss at the same time, and then not again', async (t, { cache }) => {
    const { promise: loaded, resolve } = Promise.withResolvers<{ n: number }>()
    let loads = 0
    const load = () => {
      loads += 1
      return loaded
    }

    const waiting = Array.from({ length: 20 }, () => cache.remember('a', load))
    await cache.get({ key: 'other' })
    resolve({ n: 1 })

    t.deepEqual(await Promise.all(waiting), Array(20).fill({ n: 1 }))
    t.deepEqual(await cache.remember('a', load), { n: 1 })
    t.is(loads, 1)
    t.deepEqual((await cache.get({ key: 'a' }))?.value, { n: 1 })
  }),

  promise('a load that fails is not cached, and fails for all who waited', async (t, { cache }) => {
    const failing = () => Promise.reject(new Error('no'))
    const outcomes = await Promise.allSettled([cache.remember('a', failing), cache.remember('a', failing)])

    t.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'rejected'])
    t.is(await cache.remember('a', () => 2), 2)
  }),

  promise('a stale value is answered at once and renewed behind the answer', async (t, { cache, clock }) => {
    await cache.remember('a', () => 1, { ttlMs: 1_000, staleMs: 5_000 })
    await clock.advance(1_500)
    t.deepEqual(await cache.get({ key: 'a' }), { value: 1, ttlMs: 0, stale: true })

    const { promise: renewed, resolve } = Promise.withResolvers<number>()
    let loads = 0
    const load = () => {
      loads += 1
      return renewed
    }
    t.is(await cache.remember('a', load, { ttlMs: 60_000, staleMs: 5_000 }), 1)
    t.is(await cache.remember('a', load, { ttlMs: 60_000, staleMs: 5_000 }), 1)
    resolve(2)

    await until(async () => (await cache.get({ key: 'a' }))?.value === 2)
    t.is(loads, 1)
    t.false((await cache.get({ key: 'a' }))?.stale)
  }),

  promise('a stale value stays when it cannot be renewed, until its stale time is over', async (t, { cache, clock }) => {
    const options = { ttlMs: 500, staleMs: 2_500 }
    await cache.remember('a', () => 1, options)

    await clock.advance(600)
    let loads = 0
    t.is(await cache.remember<number>('a', () => { loads += 1; throw new Error('no') }, options), 1)
    await until(async () => loads === 1)
    t.is((await cache.get({ key: 'a' }))?.value, 1)

    await clock.advance(2_500)
    t.is(await cache.get({ key: 'a' }), null)
    t.is(await cache.remember('a', () => 3, options), 3)
  }),

  promise('what was loaded before a write is not cached after it, and not given to who asks after it', async (t, { cache, capabilities }) => {
    const tagged = capabilities.includes('tags')
    const options = tagged ? { tags: ['x'] } : {}
    const changes = [
      () => cache.set({ key: 'a', value: 'newer' }),
      () => cache.delete({ key: 'a' }),
      () => cache.invalidate({ prefix: 'a' }),
      () => cache.invalidate({ all: true }),
      ...(tagged ? [() => cache.invalidate({ tags: ['y', 'x'] })] : []),
    ]
    for (const change of changes) {
      await cache.delete({ key: 'a' })
      const { promise: loaded, resolve } = Promise.withResolvers<string>()
      const started = Promise.withResolvers<undefined>()
      const waiting = cache.remember('a', () => { started.resolve(undefined); return loaded }, options)
      await started.promise
      await change()
      t.is(await cache.remember('a', () => 'newer', options), 'newer')
      resolve('older')

      t.is(await waiting, 'older')
      t.not((await cache.get({ key: 'a' }))?.value, 'older')
    }
  }),

  promise('an invalidation that does not select a key leaves its load alone: it is shared still, and cached', async (t, { cache, capabilities }) => {
    const tagged = capabilities.includes('tags')
    const others = [() => cache.invalidate({ prefix: 'unrelated:' }), ...(tagged ? [() => cache.invalidate({ tags: ['y'] })] : [])]
    for (const invalidate of others) {
      await cache.delete({ key: 'a' })
      const { promise: loaded, resolve } = Promise.withResolvers<string>()
      const started = Promise.withResolvers<undefined>()
      let loads = 0
      const load = () => { loads += 1; started.resolve(undefined); return loaded }
      const options = tagged ? { tags: ['x'] } : {}
      const before = cache.remember('a', load, options)
      await started.promise
      await invalidate()
      const after = cache.remember('a', load, options)
      await cache.get({ key: 'other' })
      resolve('value')

      t.deepEqual(await Promise.all([before, after]), ['value', 'value'])
      t.is(loads, 1)
      t.is((await cache.get({ key: 'a' }))?.value, 'value')
    }
  }),

  promise('what was loaded before another replica changed it is not cached', async (t, { cache, replica, capabilities }) => {
    const other = replica ? await replica() : cache
    const tagged = capabilities.includes('tags')
    const changes = [
      () => other.set({ key: 'a', value: 'newer' }),
      () => other.delete({ key: 'a' }),
      () => other.invalidate({ prefix: 'a' }),
      () => other.invalidate({ all: true }),
      ...(tagged ? [() => other.invalidate({ tags: ['x'] })] : []),
    ]
    for (const change of changes) {
      await cache.delete({ key: 'a' })
      const { promise: loaded, resolve } = Promise.withResolvers<string>()
      const started = Promise.withResolvers<undefined>()
      const waiting = cache.remember('a', () => { started.resolve(undefined); return loaded }, tagged ? { tags: ['x'] } : {})
      await started.promise
      await change()
      resolve('older')

      t.is(await waiting, 'older')
      t.not((await cache.get({ key: 'a' }))?.value, 'older')
    }
  }),

  promise('a load that hangs lets go of its callers and of its key', async (t, { cache, clock }) => {
    const started = Promise.withResolvers<undefined>()
    const hanging = cache.remember('a', () => { started.resolve(undefined); return new Promise<number>(() => undefined) }, { timeoutMs: 1_000 })
    const refused = t.throwsAsync(hanging, { code: 'CALL_DEADLINE_EXCEEDED' })
    await started.promise
    await clock.advance(1_001)

    await refused
    t.is(await cache.remember('a', () => 2), 2)
  }),

  promise('an old value is answered in its grace when the load fails, degraded, and is replaced by one that does not', async (t, { cache, clock }) => {
    const options = { ttlMs: 500, graceMs: 60_000 }
    await cache.remember('a', () => 1, options)
    await clock.advance(600)

    let degraded = 0
    const failing = () => cache.remember<number>('a', () => { throw new Error('no') }, { ...options, onDegraded: () => (degraded += 1) })
    t.deepEqual(await Promise.all([failing(), failing()]), [1, 1])
    t.is(degraded, 2)

    t.is(await cache.remember('a', () => 2, { ttlMs: 60_000 }), 2)
    t.is(await failing(), 2)
    t.is(degraded, 2)
  }),

  promise('a load that takes too long is a load that fails: there is grace', async (t, { cache, clock }) => {
    const options = { ttlMs: 500, graceMs: 60_000, timeoutMs: 400 }
    await cache.remember('a', () => 1, { ttlMs: 500, graceMs: 60_000 })
    await clock.advance(600)
    const started = Promise.withResolvers<undefined>()
    const hanging = cache.remember('a', () => { started.resolve(undefined); return new Promise<number>(() => undefined) }, options)
    await started.promise

    await clock.advance(500)

    t.is(await hanging, 1)
  }),

  promise('after its grace a failure is the failure of the caller', async (t, { cache, clock }) => {
    await cache.remember('a', () => 1, { ttlMs: 500, graceMs: 500 })
    await clock.advance(1_100)

    await t.throwsAsync(cache.remember('a', () => Promise.reject(new TypeError('no')), { graceMs: 500 }), { instanceOf: TypeError })
  }),

  promise('stale time comes before grace: renewed behind the answer first, then before it', async (t, { cache, clock }) => {
    const options = { ttlMs: 500, staleMs: 2_000, graceMs: 60_000 }
    await cache.remember('a', () => 1, options)
    await clock.advance(2_600)

    t.is(await cache.remember('a', () => 2, options), 2)
  }),

  promise('what was cached together does not end together when its time is jittered, and never lives longer', async (t, { cache, clock }) => {
    const keys = Array.from({ length: 50 }, (_, n) => `k${n}`)
    for (const key of keys) await cache.remember(key, () => 1, { ttlMs: 100_000, jitter: 0.5 })

    const { items } = await cache.getMany({ keys })

    const times = items.map((item) => item?.ttlMs ?? 0)
    t.true(times.every((ms) => ms >= 50_000 - clock.toleranceMs && ms <= 100_000), times.join())
    t.true(Math.max(...times) - Math.min(...times) > 10_000, times.join())
  }),

  promise('that a load gave nothing is cached for a time of its own, or not at all', async (t, { cache, clock }) => {
    let loads = 0
    const nothing = (value: null | undefined) => () => { loads += 1; return value }
    const options = { ttlMs: 60_000, negativeMs: 500 }
    t.is(await cache.remember('a', nothing(null), options), null)
    t.is(await cache.remember('b', nothing(undefined), options), null)
    t.is(await cache.remember('a', nothing(null), options), null)
    t.is(await cache.remember('b', nothing(undefined), options), null)
    t.is(loads, 2)

    await clock.advance(600)
    t.is(await cache.remember<number | null>('a', () => 1, options), 1)

    await cache.remember('c', nothing(null), { negativeMs: 0 })
    t.is(await cache.get({ key: 'c' }), null)
    await cache.remember('d', nothing(null), { ttlMs: 60_000 })
    t.is((await cache.get({ key: 'd' }))?.value, null)
    await t.throwsAsync(cache.remember('e', nothing(undefined)), { code: 'CACHE_LOAD_INVALID' })
  }),

  promise('what a load says is gone is gone: no older value is answered in its stale time or its grace', async (t, { cache, clock }) => {
    const gone = () => null
    for (const old of [{ staleMs: 60_000 }, { graceMs: 60_000 }]) {
      const options = { ttlMs: 500, negativeMs: 0, ...old }
      await cache.remember<string | null>('a', () => 'old', options)
      await cache.remember<string | null>('b', () => 'old', options)
      await clock.advance(600)

      await cache.remember('a', gone, options)
      await until(async () => (await cache.get({ key: 'a' })) === null)
      t.is(await cache.get({ key: 'a' }), null)
      t.is(await cache.remember('a', gone, options), null)
      await t.throwsAsync(cache.remember('a', () => Promise.reject(new TypeError('no')), options), { instanceOf: TypeError })

      t.deepEqual(await cache.rememberMany<string | null>(['b'], async () => [null], { negativeMs: 0 }), [null])
      t.is(await cache.get({ key: 'b' }), null)
    }
  }),

  ...sharedLoadCases,
  ...loadCases,
]
