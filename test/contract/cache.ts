import type { PorticoError } from '../../kernel/plugin.ts'
import { near, promise, type CacheCase } from './cache-case.ts'
import { rememberCases } from './cache-remember.ts'
import { storageCases } from './cache-storage.ts'

export type { CacheCase, CacheHarness } from './cache-case.ts'

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

  promise('many keys are answered whole however large their values are, those that are asked for twice as well', async (t, { cache }) => {
    const keys = Array.from({ length: 25 }, (_, at) => `k${at}`)
    for (const key of keys) await cache.set({ key, value: key.repeat(50_000) })

    const { items } = await cache.getMany({ keys: [...keys, 'nothing', 'k3'] })

    t.deepEqual(items.map((item) => (item?.value as string | undefined)?.slice(0, 3)), [...keys.map((key) => key.repeat(2).slice(0, 3)), undefined, 'k3k'])
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
      [cache.invalidate({ prefix: lone }), '/prefix'],
      [cache.invalidate({ prefix: nul }), '/prefix'],
      [cache.invalidate({ prefix: '語'.repeat(342) }), '/prefix'],
      [cache.set({ key: '_a', value: 1 }), '/key'],
      [cache.delete({ key: '_a' }), '/key'],
      [cache.remember('..', () => 1), '/key'],
      [cache.remember('a', () => 1, { ttlMs: 0.5 }), '/ttlMs'],
    ]
    for (const [refused, path] of refusals) {
      const error = await t.throwsAsync<PorticoError>(refused, { code: 'INPUT_INVALID' })
      t.is(error?.errors[0]?.path, path)
    }
    const none = await t.throwsAsync(cache.invalidate({}))
    t.like(none, { errors: [{ message: 'must have exactly one of tags, prefix and all' }] })
  }),

  promise('a key of 1,024 bytes, with any text in it, is a key, and its own prefix', async (t, { cache }) => {
    for (const key of ['é'.repeat(512), 'a/b', '%2F', 'a b', '😀', 'constructor', '*', '\n']) {
      await cache.set({ key, value: key })
      t.is((await cache.get({ key }))?.value, key)
      await cache.invalidate({ prefix: key })
      t.is(await cache.get({ key }), null)
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

  promise('bytes are base64 where JSON carries them', async (t, { cache }) => {
    await cache.set({ key: 'a', value: 'AP8=', encoding: 'base64' })
    await cache.set({ key: 'b', value: 'AP8=' })

    t.deepEqual((await cache.get({ key: 'a' }))?.value, Uint8Array.of(0, 255))
    t.deepEqual(await cache.get({ key: 'a' }, { text: true }), { value: 'AP8=', encoding: 'base64', ttlMs: null, stale: false })
    t.deepEqual(await cache.get({ key: 'b' }, { text: true }), { value: 'AP8=', ttlMs: null, stale: false })
    for (const value of ['AP8', 'A?8=', 'AP9=', 'AP8=\n', 1]) await t.throwsAsync(cache.set({ key: 'a', value, encoding: 'base64' }), { code: 'INPUT_INVALID' })
  }),

  promise('a value larger than maxValue is not stored, says so, and leaves no older one', async (t, { cache }) => {
    for (const value of ['x'.repeat(1024 ** 2), new Uint8Array(1024 ** 2)]) {
      await cache.set({ key: 'a', value: 1 })
      let degraded = 0
      t.deepEqual(await cache.set({ key: 'a', value }, { onDegraded: () => (degraded += 1) }), { stored: false })
      t.is(degraded, 1)
      t.is(await cache.get({ key: 'a' }), null)
      t.deepEqual(await cache.remember('b', () => value), value)
      t.is(await cache.get({ key: 'b' }), null)
    }
  }),

  ...rememberCases,
  ...storageCases,
]
