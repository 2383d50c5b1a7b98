import test from 'ava'
import type { Call } from '../../../kernel/plugin.ts'
import type { CacheDriver, CacheRow, CacheWrite } from '../../../kernel/ports/cache/index.ts'
import { LruCache } from '../../../plugins/cache-lru/driver.ts'
import { TieredCache } from '../../../plugins/cache-tiered/driver.ts'
import { VirtualClock } from '../../contract/clock.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: '', text: false, degrade: () => undefined }
const maxStaleMs = 10_000

/** What replicas share: a real cache, whose answers can be held back and whose messages can be dropped. */
class Shared implements CacheDriver {
  readonly #lru: LruCache
  readonly #listeners = new Set<(text: string | undefined) => void>()
  looks = 0
  /** Its messages are not heard yet. */
  deaf = false
  dropping = false
  failing = false
  /** Runs between the look of a read and its answer. */
  beforeAnswer: (() => Promise<void>) | undefined

  constructor(lru: LruCache) {
    this.#lru = lru
  }

  readonly signals = {
    send: (text: string) => { if (!this.dropping) for (const listener of this.#listeners) listener(text) },
    on: (listener: (text: string | undefined) => void) => { this.#listeners.add(listener); if (!this.deaf) listener(undefined); return () => this.#listeners.delete(listener) },
  }

  gap(): void {
    for (const listener of this.#listeners) listener(undefined)
  }

  say(text: string): void {
    for (const listener of this.#listeners) listener(text)
  }

  async read(keys: readonly string[]): Promise<readonly (CacheRow | undefined)[]> {
    this.looks += 1
    if (this.failing) throw new Error('down')
    const rows = this.#lru.read(keys)
    const before = this.beforeAnswer
    this.beforeAnswer = undefined
    await before?.()
    return rows
  }

  async write(entry: CacheWrite) { if (this.failing) throw new Error('down'); return this.#lru.write(entry) }
  async delete(key: string) { if (this.failing) throw new Error('down'); this.#lru.delete(key) }
  async invalidate(...given: Parameters<LruCache['invalidate']>) { this.#lru.invalidate(...given) }
  async beginFill(...given: Parameters<LruCache['beginFill']>) { return this.#lru.beginFill(...given) }
  async endFill(...given: Parameters<LruCache['endFill']>) { this.#lru.endFill(...given) }
}

function replicas() {
  const clock = new VirtualClock()
  const lru = () => new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
  const far = new Shared(lru())
  const tiered = () => new TieredCache({ near: lru(), far, maxStaleMs, clock })
  return { clock, far, tiered, one: tiered(), two: tiered() }
}

function entry(key: string, value: string, changes: Partial<CacheWrite> = {}): CacheWrite {
  return { key, value, sizeBytes: 100, freshMs: null, staleMs: 0, tags: [], ...changes }
}

async function valueOf(driver: CacheDriver, key: string) {
  return (await driver.read([key], call))[0]?.value
}

test('what was looked up once is answered by its copy, and of many keys only the missing ones are looked up', async (t) => {
  const { one, two, far } = replicas()
  await one.write(entry('a', '1'), call)
  await one.write(entry('b', '2'), call)

  t.is(await valueOf(two, 'a'), '1')
  t.is(await valueOf(two, 'a'), '1')
  t.is(far.looks, 1)

  const rows = await two.read(['a', 'b', 'c', 'a'], call)
  t.deepEqual(rows.map((row) => row?.value), ['1', '2', undefined, '1'])
  t.is(far.looks, 2)
})

test('a change by one replica ends the copies of the other: a write, a delete, a tag, a prefix, all', async (t) => {
  const { one, two } = replicas()
  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    write: () => one.write(entry('a:1', 'new'), call),
    delete: () => one.delete('a:1', call),
    tags: () => one.invalidate({ tags: ['x'] }, call),
    prefix: () => one.invalidate({ prefix: 'a:' }, call),
    all: () => one.invalidate({ all: true }, call),
  }
  for (const [what, change] of Object.entries(changes)) {
    await one.write(entry('a:1', 'old', { tags: ['x'] }), call)
    t.is(await valueOf(one, 'a:1'), 'old')
    t.is(await valueOf(two, 'a:1'), 'old')
    await change()

    for (const replica of [one, two]) t.is(await valueOf(replica, 'a:1'), what === 'write' ? 'new' : undefined, what)
  }
})

test('a lost message leaves a replica behind for no longer than maxStale, counted from when it looked', async (t) => {
  const { one, two, far, clock } = replicas()
  await one.write(entry('a', 'old'), call)
  far.beforeAnswer = () => clock.advance(1_000)
  await valueOf(two, 'a')
  far.dropping = true
  await one.write(entry('a', 'new'), call)

  await clock.advance(maxStaleMs - 1_001)
  t.is(await valueOf(two, 'a'), 'old')
  await clock.advance(1)

  t.is(await valueOf(two, 'a'), 'new')
})

test('after a gap, and after a message that makes no sense, each copy is looked up anew before it is used', async (t) => {
  const { one, two, far } = replicas()
  for (const tell of [() => { far.gap() }, () => { far.say('else {"key":7}') }, () => { far.say('nonsense') }]) {
    far.dropping = false
    await one.write(entry('a', 'old'), call)
    await valueOf(two, 'a')
    far.dropping = true
    await one.write(entry('a', 'new'), call)
    t.is(await valueOf(two, 'a'), 'old')

    tell()

    t.is(await valueOf(two, 'a'), 'new')
  }
})

test('until the messages of others are heard every read is a look, so that no change is missed', async (t) => {
  const { one, far, tiered } = replicas()
  far.deaf = true
  const late = tiered()
  for (const value of ['1', '2']) {
    await one.write(entry('a', value), call)
    t.deepEqual([await valueOf(late, 'a'), await valueOf(late, 'a')], [value, value])
  }
  t.is(far.looks, 4)

  far.gap()

  t.deepEqual([await valueOf(late, 'a'), await valueOf(late, 'a')], ['2', '2'])
  t.is(far.looks, 5)
})

test('a look that races a change keeps no copy of what it saw, whoever made the change', async (t) => {
  const { one, two, far } = replicas()
  for (const by of [one, two]) {
    const changes = [
      () => by.write(entry('a:1', 'new'), call),
      () => by.delete('a:1', call),
      () => by.invalidate({ tags: ['x'] }, call),
      () => by.invalidate({ prefix: 'a:' }, call),
      () => by.invalidate({ all: true }, call),
    ]
    for (const [index, change] of changes.entries()) {
      await one.write(entry('a:1', 'old', { tags: ['x'] }), call)
      far.beforeAnswer = async () => { await change() }
      t.is(await valueOf(two, 'a:1'), 'old')

      t.is(await valueOf(two, 'a:1'), index === 0 ? 'new' : undefined)
    }
  }
})

test('while the shared level is down its copies go on being answered until maxStale is over, and a change ends them', async (t) => {
  const { one, far, clock } = replicas()
  await one.write(entry('a', '1'), call)
  await one.write(entry('b', '1'), call)
  await one.read(['a', 'b'], call)
  far.failing = true

  await clock.advance(maxStaleMs - 1)
  t.is(await valueOf(one, 'a'), '1')
  await t.throwsAsync(async () => one.read(['a', 'c'], call), { message: 'down' })
  await t.throwsAsync(one.delete('a', call), { message: 'down' })
  await t.throwsAsync(async () => one.read(['a'], call), { message: 'down' })

  await clock.advance(1)
  await t.throwsAsync(async () => one.read(['b'], call), { message: 'down' })
})

test('a copy tells the time that its row has, and is gone with it', async (t) => {
  const { one, two, clock } = replicas()
  await one.write(entry('a', '1', { freshMs: 5_000, staleMs: 60_000 }), call)
  await valueOf(two, 'a')
  await clock.advance(1_000)

  t.is((await two.read(['a'], call))[0]?.freshMs, 4_000)
  await clock.advance(4_000)
  t.is((await two.read(['a'], call))[0]?.freshMs, 0)
})

test('copies are frozen values that nobody parses again, and bytes are each reader\'s own', async (t) => {
  const { one } = replicas()
  await one.write({ ...entry('a', ''), value: { list: [1] } }, call)
  await one.write({ ...entry('b', ''), value: Uint8Array.of(1, 2) }, call)
  await one.read(['a', 'b'], call)

  const [first, second] = [await one.read(['a', 'b'], call), await one.read(['a', 'b'], call)]
  t.is(first[0]?.value, second[0]?.value)
  t.true(Object.isFrozen(first[0]?.value))
  t.not(first[1]?.value, second[1]?.value)
  t.deepEqual(second[1]?.value, Uint8Array.of(1, 2))
})
