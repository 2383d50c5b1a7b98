import type { ExecutionContext } from 'ava'
import type { Bound } from '../../kernel/plugin.ts'
import type { SteppedClock, VirtualClock } from './clock.ts'

/** An empty cache behind a binding, closed when the case ends. */
export interface CacheHarness {
  open(keys?: { readonly ttl?: string }): Promise<Bound['cache']>
  /** Another binding on what was opened first, as another replica has it; left out where the backend is the process. */
  replica?(): Promise<Bound['cache']>
  /** Where the backend has a time of its own, one that waits: a `SteppedClock`. */
  readonly clock: Pick<VirtualClock | SteppedClock, 'advance' | 'toleranceMs'>
  readonly capabilities: readonly string[]
}

export interface CacheCase {
  readonly title: string
  run(t: ExecutionContext, harness: CacheHarness): Promise<void>
}

type Parts = CacheHarness & { readonly cache: Bound['cache'] }

function promise(title: string, body: (t: ExecutionContext, parts: Parts) => Promise<void>): CacheCase {
  return { title, run: async (t, harness) => body(t, { ...harness, cache: await harness.open() }) }
}

const nul = String.fromCharCode(0)
const lone = String.fromCharCode(0xdc00)

/** What every driver of the port `cache` keeps. */
export const cacheContract: readonly CacheCase[] = [
  promise('what was set is answered, whatever JSON it is', async (t, { cache }) => {
    const values = [null, true, 0, -1.5, '', 'é😀', [], [1, [2]], {}, { a: { b: [null, 'x'] } }]
    for (const [index, value] of values.entries()) await cache.set({ key: `k${index}`, value })

    for (const [index, value] of values.entries()) t.deepEqual(await cache.get({ key: `k${index}` }), { value, ttlMs: null, stale: false })
  }),

  promise('a key that is not there is null', async (t, { cache }) => {
    t.is(await cache.get({ key: 'nothing' }), null)
  }),

  promise('many keys are answered in their order, the missing ones as null', async (t, { cache }) => {
    await cache.set({ key: 'a', value: 1 })
    await cache.set({ key: 'b', value: 2 })

    const { items } = await cache.getMany({ keys: ['b', 'nothing', 'a', 'b'] })

    t.deepEqual(items.map((item) => item?.value), [2, undefined, 1, 2])
    t.deepEqual(await cache.getMany({ keys: [] }), { items: [] })
  }),

  promise('a later set replaces value and time', async (t, { cache, clock }) => {
    await cache.set({ key: 'a', value: 1, ttlMs: 500 })
    await cache.set({ key: 'a', value: 2 })

    await clock.advance(600)

    t.deepEqual(await cache.get({ key: 'a' }), { value: 2, ttlMs: null, stale: false })
  }),

  promise('a value is gone when its time is over, and not before', async (t, { cache, clock }) => {
    await cache.set({ key: 'a', value: 1, ttlMs: 2_000 })

    await clock.advance(1_000)
    const hit = await cache.get({ key: 'a' })
    t.like(hit, { value: 1, stale: false })
    near(t, hit?.ttlMs, 1_000, clock.toleranceMs)

    await clock.advance(1_000)
    t.is(await cache.get({ key: 'a' }), null)
    t.deepEqual(await cache.getMany({ keys: ['a'] }), { items: [null] })
  }),

  promise('the key ttl is the time of what is set without one', async (t, { open, clock }) => {
    const cache = await open({ ttl: '2s' })
    await cache.set({ key: 'a', value: 1 })
    await cache.set({ key: 'b', value: 1, ttlMs: 5_000 })

    await clock.advance(2_000)

    t.is(await cache.get({ key: 'a' }), null)
    near(t, (await cache.get({ key: 'b' }))?.ttlMs, 3_000, clock.toleranceMs)
  }),

  promise('delete removes one key, and is no error without it', async (t, { cache }) => {
    await cache.set({ key: 'a', value: 1 })
    await cache.set({ key: 'b', value: 1 })

    await cache.delete({ key: 'a' })
    await cache.delete({ key: 'a' })

    t.is(await cache.get({ key: 'a' }), null)
    t.truthy(await cache.get({ key: 'b' }))
  }),

  promise('a prefix removes the keys that begin with it', async (t, { cache }) => {
    for (const key of ['user:1', 'user:2', 'users', 'a-user:1', 'user%3A']) await cache.set({ key, value: 1 })

    await cache.invalidate({ prefix: 'user:' })

    const { items } = await cache.getMany({ keys: ['user:1', 'user:2', 'users', 'a-user:1', 'user%3A'] })
    t.deepEqual(items.map((item) => item !== null), [false, false, true, true, true])
  }),

  promise('a prefix is text, not a pattern', async (t, { cache }) => {
    for (const key of ['a*b', 'axb', '[a]', 'a']) await cache.set({ key, value: 1 })

    await cache.invalidate({ prefix: 'a*' })
    await cache.invalidate({ prefix: '[a' })

    const { items } = await cache.getMany({ keys: ['a*b', 'axb', '[a]', 'a'] })
    t.deepEqual(items.map((item) => item !== null), [false, true, false, true])
  }),

  promise('all removes everything', async (t, { cache }) => {
    await cache.set({ key: 'a', value: 1 })
    await cache.invalidate({ all: true })
    t.is(await cache.get({ key: 'a' }), null)
  }),

  promise('tags remove what carries one of them, or are refused', async (t, { cache, capabilities }) => {
    const tagged = { key: 'a', value: 1, tags: ['x', 'y'] }
    if (!capabilities.includes('tags')) {
      await t.throwsAsync(cache.set(tagged), { code: 'CACHE_UNSUPPORTED' })
      await t.throwsAsync(cache.invalidate({ tags: ['x'] }), { code: 'CACHE_UNSUPPORTED' })
      await t.throwsAsync(cache.remember('a', () => 1, { tags: ['x'] }), { code: 'CACHE_UNSUPPORTED' })
      return
    }

    await cache.set(tagged)
    await cache.set({ key: 'b', value: 1, tags: ['y', 'z'] })
    await cache.set({ key: 'c', value: 1, tags: ['y'] })
    await cache.set({ key: 'c', value: 2 })
    await cache.remember('d', () => 1, { tags: ['z'] })

    await cache.invalidate({ tags: ['y', 'unknown'] })

    const { items } = await cache.getMany({ keys: ['a', 'b', 'c', 'd'] })
    t.deepEqual(items.map((item) => item?.value), [undefined, undefined, 2, 1])
    await cache.invalidate({ tags: ['z'] })
    t.is(await cache.get({ key: 'd' }), null)
  }),

  promise('what is cached cannot be changed by who set it or who read it', async (t, { cache }) => {
    const value = { list: [1] }
    await cache.set({ key: 'a', value })
    value.list.push(2)

    const hit = await cache.get({ key: 'a' })
    t.throws(() => (hit?.value as { list: number[] }).list.push(3), { instanceOf: TypeError })

    t.deepEqual((await cache.get({ key: 'a' }))?.value, { list: [1] })
  }),

  promise('input that breaks the rules is refused, and names the field', async (t, { cache }) => {
    const refusals: readonly [Promise<unknown>, string][] = [
      [cache.get({ key: '' }), '/key'],
      [cache.get({ key: '_get' }), '/key'],
      [cache.get({ key: '..' }), '/key'],
      [cache.get({ key: `a${nul}` }), '/key'],
      [cache.get({ key: lone }), '/key'],
      [cache.get({ key: 'é'.repeat(513) }), '/key'],
      [cache.getMany({ keys: ['a', '_b'] }), '/keys/1'],
      [cache.set({ key: 'a', value: { b: nul } }), '/value/b'],
      [cache.set({ key: 'a', value: { b: Number.POSITIVE_INFINITY } }), '/value/b'],
      [cache.set({ key: 'a', value: 1, ttlMs: 0 }), '/ttlMs'],
      [cache.set({ key: 'a', value: 1, ttlMs: -1 }), '/ttlMs'],
      [cache.set({ key: 'a', value: 1, ttlMs: 1e300 }), '/ttlMs'],
      [cache.invalidate({}), ''],
      [cache.invalidate({ prefix: 'a', all: true }), ''],
      [cache.remember('_a', () => 1), '/key'],
      [cache.remember('a', () => 1, { ttlMs: 0.5 }), '/ttlMs'],
      [cache.remember('a', () => ({ when: new Date(0) })), '/value/when'],
    ]
    for (const [refused, path] of refusals) {
      const error = await t.throwsAsync(refused, { code: 'INPUT_INVALID' })
      t.is((error as unknown as { errors: { path: string }[] } | undefined)?.errors[0]?.path, path)
    }
  }),

  promise('a key of 1,024 bytes, with any text in it, is a key', async (t, { cache }) => {
    for (const key of ['é'.repeat(512), 'a/b', '%2F', 'a b', '😀', 'constructor', '*', '\n']) {
      await cache.set({ key, value: key })
      t.is((await cache.get({ key }))?.value, key)
    }
  }),

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
    t.is(await cache.remember('a', load, { ttlMs: 60_000 }), 1)
    t.is(await cache.remember('a', load, { ttlMs: 60_000 }), 1)
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

  promise('what was loaded before a write is not cached after it', async (t, { cache }) => {
    const changes = [
      () => cache.set({ key: 'a', value: 'newer' }),
      () => cache.delete({ key: 'a' }),
      () => cache.invalidate({ prefix: 'a' }),
      () => cache.invalidate({ all: true }),
    ]
    for (const change of changes) {
      await cache.delete({ key: 'a' })
      const { promise: loaded, resolve } = Promise.withResolvers<string>()
      const started = Promise.withResolvers<undefined>()
      const waiting = cache.remember('a', () => { started.resolve(undefined); return loaded })
      await started.promise
      await change()
      resolve('older')

      t.is(await waiting, 'older')
      t.not((await cache.get({ key: 'a' }))?.value, 'older')
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

  promise('bytes are a value like another, and belong to who reads them', async (t, { cache }) => {
    const value = Uint8Array.of(0, 1, 254, 255)
    await cache.set({ key: 'a', value })
    const [one, two] = await Promise.all([cache.remember('b', () => value), cache.remember('b', () => value)])
    value.fill(7)
    one.fill(8)

    for (const key of ['a', 'b']) {
      const read = (await cache.get({ key }))?.value
      t.deepEqual(read, Uint8Array.of(0, 1, 254, 255))
      if (read instanceof Uint8Array) read.fill(9)
    }
    t.deepEqual(two, Uint8Array.of(0, 1, 254, 255))
    t.deepEqual((await cache.getMany({ keys: ['a', 'b'] })).items.map((item) => item?.value), Array(2).fill(Uint8Array.of(0, 1, 254, 255)))
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
]

function near(t: ExecutionContext, ms: number | null | undefined, expectedMs: number, toleranceMs: number): void {
  t.true(typeof ms === 'number' && ms <= expectedMs && ms >= expectedMs - toleranceMs, `${ms} ms`)
}

/** Waits for what happens behind an answer, turn by turn. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (await holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
