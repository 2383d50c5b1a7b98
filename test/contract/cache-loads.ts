import { type CacheCase, promise } from './cache-case.ts'

/** What is promised to a load, and what is asked of it, on every driver. */
export const loadCases: readonly CacheCase[] = [
  promise('many keys: what is cached, and in one load what is not, each in its order', async (t, { cache }) => {
    const asked: (readonly string[])[] = []
    const load = async (missing: readonly string[]) => {
      asked.push(missing)
      return missing.map((key) => (key === 'none' ? undefined : `${key}!`))
    }
    await cache.set({ key: 'b', value: 'cached' })

    const keys = ['a', 'b', 'none', 'c', 'a']
    t.deepEqual(await cache.rememberMany(keys, load, { ttlMs: 60_000 }), ['a!', 'cached', undefined, 'c!', 'a!'])
    t.deepEqual(await cache.rememberMany(keys, load, { ttlMs: 60_000 }), ['a!', 'cached', undefined, 'c!', 'a!'])
    t.deepEqual(asked, [['a', 'none', 'c'], ['none']])
    await t.throwsAsync(cache.rememberMany(['d'], () => Promise.reject(new TypeError('no'))), { instanceOf: TypeError })
    t.deepEqual(await cache.rememberMany(['d', 'd'], load), ['d!', 'd!'])
    t.is((await cache.get({ key: 'd' }))?.value, 'd!')
  }),

  promise('a load of many keys gives a list with one value for each of them, and one that is no value is not cached', async (t, { cache }) => {
    const wrong: readonly unknown[] = [undefined, null, 'ab', { a: 1 }, ['x'], ['x', 'y', 'z'], [new Date(), 'y']]
    for (const given of wrong) {
      await t.throwsAsync(cache.rememberMany(['a', 'b'], async () => given as readonly string[], { ttlMs: 60_000 }), { code: 'CACHE_LOAD_INVALID' })
      t.is(await cache.get({ key: 'a' }), null)
    }
    const at = await t.throwsAsync(cache.rememberMany(['c', 'd'], async () => ['x', { when: new Date() }]))
    t.like(at, { code: 'CACHE_LOAD_INVALID', errors: [{ path: '/1/when' }] })

    // Nothing of them holds the keys any more.
    await cache.delete({ key: 'b' })
    t.deepEqual(await cache.rememberMany(['a', 'b'], async () => ['x', 'y'], { ttlMs: 60_000 }), ['x', 'y'])
    t.deepEqual((await cache.getMany({ keys: ['a', 'b'] })).items.map((item) => item?.value), ['x', 'y'])
  }),

  promise('many keys are a list of texts, 1,000 at most', async (t, { cache }) => {
    const none = async () => []
    const thousandAndOne = Array.from({ length: 1_001 }, (_, n) => `k${n}`)
    for (const keys of [thousandAndOne, 'abc', [5], undefined] as readonly (readonly string[])[]) {
      await t.throwsAsync(cache.rememberMany(keys, none), { code: 'INPUT_INVALID' })
    }
    const echo = async (missing: readonly string[]) => missing
    t.deepEqual(await cache.rememberMany(Array<string>(1_000).fill('a'), echo), Array(1_000).fill('a'))
  }),

  promise('a load of many keys that hangs lets go of its caller and of its keys, and is told', async (t, { cache, clock }) => {
    const started = Promise.withResolvers<AbortSignal>()
    const hanging = cache.rememberMany<number>(['a'], (_, { signal }: { readonly signal: AbortSignal }) => { started.resolve(signal); return new Promise<readonly number[]>(() => undefined) }, { timeoutMs: 1_000 })
    const refused = t.throwsAsync(hanging, { code: 'CALL_DEADLINE_EXCEEDED' })
    const signal = await started.promise
    t.false(signal.aborted)
    await clock.advance(1_001)

    await refused
    t.true(signal.aborted)
    t.deepEqual(await cache.rememberMany(['a'], async () => [2]), [2])
    t.is((await cache.get({ key: 'a' }))?.value, 2)
  }),

  promise('of a value that is too large no more is looked at than tells so; it is answered as the load gave it', async (t, { cache }) => {
    let looks = 0
    const value = Array.from({ length: 40_000 }, () => ({ get text() { looks += 1; return 'x'.repeat(1_000) } }))

    t.is(await cache.remember('a', () => value), value)
    t.deepEqual(await cache.set({ key: 'a', value: Array(1_000_000).fill(1) }), { stored: false })

    t.true(looks < 2_000, `${looks} looks`)
    t.is(await cache.get({ key: 'a' }), null)
  }),

  promise('what no cache can keep is an error of the load, that says where it stands', async (t, { cache }) => {
    const wrong: readonly (readonly [unknown, string])[] = [
      [undefined, ''], [new Date(), ''], [new Map(), ''], [5n, ''], [Number.NaN, ''], [{ a: undefined }, '/a'], [{ 'a/b': [1, () => 1] }, '/a~1b/1'],
    ]
    for (const [given, path] of wrong) {
      const error = await t.throwsAsync(cache.remember('a', () => given))
      t.like(error, { code: 'CACHE_LOAD_INVALID', status: 500, ofCaller: true, errors: [{ path }] })
    }
    t.is(await cache.remember('a', () => 1), 1)
  }),

  promise('a call that is not made as it must be says what is wrong with it, cached or not', async (t, { cache }) => {
    await cache.set({ key: 'a', value: 1 })
    const load = () => 1
    const wrong: readonly (readonly [readonly unknown[], string])[] = [
      [[5, load], '/key'], [[undefined, load], '/key'], [['a', 5], '/load'], [['a'], '/load'], [['a', load, null], ''],
      [['a', load, { ttl: 5 }], '/ttl'], [['a', load, { ttlMS: 5 }], '/ttlMS'], [['a', load, { jitter: '0.1' }], '/jitter'],
      [['a', load, { tags: 'abc' }], '/tags'], [['a', load, { tags: [1] }], '/tags'], [['a', load, { onDegraded: 5 }], '/onDegraded'], [['a', load, { signal: {} }], '/signal'],
    ]
    for (const [given, path] of wrong) {
      const error = await t.throwsAsync(async () => { await Reflect.apply(cache.remember, cache, given) })
      t.like(error, { code: 'INPUT_INVALID', errors: [{ path }] }, JSON.stringify(given))
    }
    await t.throwsAsync(cache.rememberMany(['a'], async () => [1], { staleMs: 5 } as object), { code: 'INPUT_INVALID' })
  }),

  promise('who gives up gets no answer; the load goes on for those who wait, and is told when nobody does', async (t, { cache }) => {
    const started = Promise.withResolvers<AbortSignal>()
    const { promise: loaded, resolve } = Promise.withResolvers<number>()
    const [one, two] = [new AbortController(), new AbortController()]
    const load = ({ signal }: { readonly signal: AbortSignal }) => { started.resolve(signal); return loaded }
    const first = t.throwsAsync(cache.remember('a', load, { signal: one.signal }), { code: 'CALL_ABORTED' })
    const signal = await started.promise
    const second = t.throwsAsync(cache.remember('a', load, { signal: two.signal }), { code: 'CALL_ABORTED' })
    await cache.get({ key: 'other' })

    one.abort()
    await first
    t.false(signal.aborted)
    two.abort()
    await second
    t.true(signal.aborted)

    // The key is free again, and what the load gives after all is not cached.
    t.is(await cache.remember('a', () => 2), 2)
    resolve(1)
    await t.throwsAsync(cache.remember('a', () => 3, { signal: AbortSignal.abort() }), { code: 'CALL_ABORTED' })
    t.not((await cache.get({ key: 'a' }))?.value, 1)
  }),

  promise('a load that does not look at its signal is cached though nobody waits for it any more', async (t, { cache }) => {
    const started = Promise.withResolvers<undefined>()
    const { promise: loaded, resolve } = Promise.withResolvers<number>()
    const caller = new AbortController()
    const refused = t.throwsAsync(cache.remember('a', ({ key }) => { started.resolve(undefined); t.is(key, 'a'); return loaded }, { signal: caller.signal }), { code: 'CALL_ABORTED' })
    await started.promise
    caller.abort()
    await refused

    const next = cache.remember('a', () => 2)
    resolve(1)
    t.is(await next, 1)
    t.is((await cache.get({ key: 'a' }))?.value, 1)
  }),

  promise('a load that asks for what waits for it is refused at once, and a load within another one is not', async (t, { cache }) => {
    t.is(await cache.remember('outer', () => cache.remember('inner', () => 1)), 1)

    const circular = { code: 'CACHE_LOAD_CIRCULAR' }
    await t.throwsAsync(cache.remember('a', () => cache.remember('a', () => 1)), circular)
    await t.throwsAsync(cache.remember('a', () => cache.remember('b', () => cache.remember('a', () => 1))), circular)
    await t.throwsAsync(cache.remember('a', () => cache.remember('a', () => 1, { singleFlight: 'cluster' }), { singleFlight: 'cluster' }), circular)

    // Two that began apart, and then wait for one another.
    const both = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()] as const
    const crossing = (key: string, other: string, mine: 0 | 1) => cache.remember<number>(key, async () => {
      both[mine].resolve(undefined)
      await Promise.all(both.map(({ promise: begun }) => begun))
      return cache.remember(other, () => 1)
    })
    const outcomes = await Promise.allSettled([crossing('x', 'y', 0), crossing('y', 'x', 1)])
    t.deepEqual(outcomes.map(({ status }) => status), ['rejected', 'rejected'])
    t.is(await cache.remember('a', () => 1), 1)
  }),
]
