import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { LruCache } from '../../../plugins/cache-lru/driver.ts'
import { TagIndex } from '../../../plugins/cache-lru/tag-index.ts'
import type { CacheWrite } from '../../../kernel/ports/cache/index.ts'

const write = (key: string, changes: Partial<CacheWrite> = {}): CacheWrite => ({ key, value: key, sizeBytes: 100, freshMs: null, staleMs: 0, tags: [], ...changes })
const has = (lru: LruCache, key: string) => lru.read([key])[0] !== undefined

test('the least recently used go first when the size is reached', (t) => {
  const lru = new LruCache({ maxSizeBytes: 4_096, maxEntries: undefined }, new VirtualClock())
  for (let n = 0; n < 5; n += 1) lru.write(write(`k${n}`, { sizeBytes: 600 }))
  t.false(has(lru, 'k0'))
  t.true(has(lru, 'k1'))

  lru.write(write('k5', { sizeBytes: 600 }))
  t.true(has(lru, 'k1'))
  t.false(has(lru, 'k2'))
})

test('an entry larger than the cache is not stored, says so, and leaves no older one', (t) => {
  const lru = new LruCache({ maxSizeBytes: 4_096, maxEntries: undefined }, new VirtualClock())
  t.true(lru.write(write('a', { tags: ['x'] })))
  t.true(lru.write(write('b')))

  t.false(lru.write(write('a', { sizeBytes: 5_000 })))

  t.false(has(lru, 'a'))
  t.true(has(lru, 'b'))
})

function filled(entries: number): LruCache {
  const lru = new LruCache({ maxSizeBytes: 256 * 1024 ** 2, maxEntries: undefined }, new VirtualClock())
  for (let n = 0; n < entries; n += 1) lru.write(write(`user:${n}:a`))
  return lru
}

for (const entries of [10, 5_000]) {
  test(`of ${entries} entries a prefix ends those that it begins, and none that are written after it`, (t) => {
    const lru = filled(entries)
    lru.write(write('users'))

    lru.invalidate({ prefix: 'user:7:' })
    t.deepEqual(['user:7:a', 'user:8:a', 'users'].map((key) => has(lru, key)), [false, true, true])
    lru.write(write('user:7:a'))
    t.true(has(lru, 'user:7:a'))

    lru.invalidate({ prefix: 'user:' })
    t.deepEqual(['user:7:a', 'user:8:a', 'user:9:a', 'users'].map((key) => has(lru, key)), [false, false, false, true])
    lru.write(write('user:8:a'))
    lru.invalidate({ prefix: 'users' })
    t.deepEqual(['user:8:a', 'user:9:a', 'users'].map((key) => has(lru, key)), [true, false, false])
  })
}

test('a prefix costs the same however many entries there are', (t) => {
  const lru = filled(50_000)

  const startMs = performance.now()
  for (let n = 0; n < 2_000; n += 1) lru.invalidate({ prefix: `user:${n}:` })
  const tookMs = performance.now() - startMs

  // By looking at each key it takes ten seconds and more.
  t.true(tookMs < 1_000, String(tookMs))
  t.deepEqual(['user:0:a', 'user:1999:a', 'user:2000:a'].map((key) => has(lru, key)), [false, false, true])
})

test('more prefixes, or lengths of them, than are remembered end all entries, and what comes after lives', (t) => {
  for (const prefixOf of [(n: number) => `p${n}`, (n: number) => 'p'.repeat(n + 1)]) {
    const lru = filled(2_000)
    for (let n = 0; n < 10_001 && has(lru, 'user:1:a'); n += 1) lru.invalidate({ prefix: prefixOf(n) })

    t.deepEqual(['user:0:a', 'user:1:a', 'user:1999:a'].map((key) => has(lru, key)), [false, false, false])
    lru.write(write('p1'))
    t.true(has(lru, 'p1'))
  }
})

test('an entry that stood still at the epoch expires like any other', async (t) => {
  const clock = new VirtualClock(0)
  const lru = new LruCache({ maxSizeBytes: 4_096, maxEntries: undefined }, clock)
  lru.write(write('a', { freshMs: 10, staleMs: 5 }))
  t.is(lru.read(['a'])[0]?.freshMs, 10)
  await clock.advance(12)
  t.is(lru.read(['a'])[0]?.freshMs, -2)
  await clock.advance(3)
  t.false(has(lru, 'a'))
})

test('the index of tags holds nothing of what is gone: evicted, replaced, deleted, expired', async (t) => {
  const tags = new TagIndex()
  tags.add('a', ['x', 'y'])
  tags.add('b', ['y'])
  tags.remove('a', ['x', 'y'])
  t.is(tags.size, 1)
  t.deepEqual(tags.keys(['x', 'y']), ['b'])

  const lru = new LruCache({ maxSizeBytes: 100_000, maxEntries: 2 }, new VirtualClock())
  lru.write(write('a', { tags: ['x'] }))
  lru.write(write('a', { tags: ['y'] }))
  lru.invalidate({ tags: ['x'] })
  t.true(has(lru, 'a'))
  lru.write(write('b'))
  lru.write(write('c'))
  lru.write(write('a', { value: 'again' }))
  lru.invalidate({ tags: ['y'] })
  t.true(has(lru, 'a'))
})
