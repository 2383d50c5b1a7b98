import { type CacheCase, type CacheParts, promise, until } from './cache-case.ts'

/** What replicas that load at the same time promise, on every driver. */
export const sharedLoadCases: readonly CacheCase[] = [
  promise('one load at a time in all replicas; the others take its value', async (t, { cache, replica, clock }) => {
    const other = replica ? await replica() : cache
    const { promise: loaded, resolve } = Promise.withResolvers<number>()
    let loads = 0
    const load = () => {
      loads += 1
      return loaded
    }
    const waiting = [cache, other, other, cache].map((one) => one.remember('a', load, { singleFlight: 'cluster', ttlMs: 60_000 }))
    await until(async () => loads === 1)

    resolve(1)
    const values = await throughTime(clock, Promise.all(waiting))

    t.deepEqual(values, [1, 1, 1, 1])
    t.is(loads, 1)
  }),

  promise('who waited for the load of one replica in vain loads beside the others that did, and waits for no second one', async (t, { cache, replica, clock }) => {
    const others = replica ? await Promise.all([replica(), replica(), replica()]) : []
    const options = { singleFlight: 'cluster', ttlMs: 60_000, negativeMs: 0 } as const
    const inVain: Readonly<Record<string, () => string | null>> = {
      nothing: () => null,
      large: () => 'x'.repeat(1024 ** 2),
      failing: () => { throw new TypeError('no') },
    }
    for (const [key, end] of Object.entries(inVain)) {
      const first = Promise.withResolvers<undefined>()
      const later = Promise.withResolvers<undefined>()
      const allBegan = Promise.withResolvers<undefined>()
      let loads = 0
      const load = async () => {
        loads += 1
        if (loads === 1 + others.length) allBegan.resolve(undefined)
        await (loads === 1 ? first : later).promise
        return end()
      }
      const waiting = [cache, ...others].map((one) => one.remember(key, load, options))
      const outcomes = Promise.allSettled(waiting)
      await until(async () => loads === 1)
      await clock.advance(200)
      first.resolve(undefined)
      // All of them load at once: none ends before the last one has begun.
      await throughTime(clock, Promise.race([outcomes, allBegan.promise]))
      t.is(loads, 1 + others.length, key)
      later.resolve(undefined)

      for (const one of await throughTime(clock, outcomes)) {
        if (key === 'failing') t.true(one.status === 'rejected' && one.reason instanceof TypeError)
        else t.deepEqual(one, { status: 'fulfilled', value: end() })
      }
    }
  }),

  promise('the load of one replica is cached though others load the key meanwhile', async (t, { cache, replica }) => {
    const other = replica ? await replica() : cache
    const { promise: loaded, resolve } = Promise.withResolvers<string>()
    const started = Promise.withResolvers<undefined>()
    const first = cache.remember('a', () => { started.resolve(undefined); return loaded }, { ttlMs: 60_000 })
    await started.promise
    if (replica) t.is(await other.remember('a', () => 'second', { ttlMs: 60_000 }), 'second')

    resolve('first')
    await first

    t.is((await other.get({ key: 'a' }))?.value, 'first')
  }),

  promise('a replica loads for itself when the load of another fails, or does not come in its hold', async (t, { cache, replica, clock }) => {
    const other = replica ? await replica() : cache
    const started = Promise.withResolvers<undefined>()
    const options = { singleFlight: 'cluster', ttlMs: 60_000 } as const
    const failed = t.throwsAsync(cache.remember('a', async () => { started.resolve(undefined); await other.get({ key: 'x' }); throw new TypeError('no') }, options), { instanceOf: TypeError })
    await started.promise
    const next = replica ? other.remember('a', () => 2, options) : failed.then(() => other.remember('a', () => 2, options))
    t.is(await throughTime(clock, next), 2)
    await failed

    if (!replica) return
    const hung = Promise.withResolvers<number>()
    const holds = Promise.withResolvers<undefined>()
    const late = cache.remember('b', () => { holds.resolve(undefined); return hung.promise }, { ...options, holdMs: 500 })
    await holds.promise
    t.is(await throughTime(clock, other.remember('b', () => 2, options)), 2)
    hung.resolve(1)
    t.is(await late, 1)
    t.is((await other.get({ key: 'b' }))?.value, 2)
  }),
]

/** Waits for what waits for the time to go on. */
async function throughTime<T>(clock: CacheParts['clock'], waiting: Promise<T>): Promise<T> {
  let done = false
  void waiting.then(() => (done = true), () => (done = true))
  for (let turn = 0; turn < 2_000 && !done; turn += 1) {
    await clock.advance(10)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return waiting
}
