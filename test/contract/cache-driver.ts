import type { ExecutionContext } from 'ava'
import type { Call, Clock } from '../../kernel/plugin.ts'
import type { CacheDriver, CacheFill, CacheValue, CacheWrite } from '../../kernel/ports/cache/index.ts'
import type { SteppedClock, VirtualClock } from './clock.ts'

/** Two drivers on one empty backend, as two replicas have them; the same one twice where the backend is the process. */
export interface CacheDrivers {
  readonly driver: CacheDriver
  readonly other: CacheDriver
}

export interface CacheDriverHarness {
  /** One that stands still, or for a backend that has a time of its own, one that waits. */
  clock(): VirtualClock | SteppedClock
  open(t: ExecutionContext, clock: Clock): Promise<CacheDrivers>
  readonly capabilities: readonly string[]
}

export interface CacheDriverCase {
  readonly title: string
  run(t: ExecutionContext, harness: CacheDriverHarness): Promise<void>
}

type Parts = CacheDrivers & { readonly clock: VirtualClock | SteppedClock; readonly tagged: boolean }

function promise(title: string, body: (t: ExecutionContext, parts: Parts) => Promise<void>): CacheDriverCase {
  return {
    title,
    async run(t, harness) {
      const clock = harness.clock()
      await body(t, { ...(await harness.open(t, clock)), clock, tagged: harness.capabilities.includes('tags') })
    },
  }
}

const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: '', text: false, degrade: () => undefined }
const holdMs = 60_000

function entry(key: string, value: CacheValue, changes: Partial<CacheWrite> = {}): CacheWrite {
  return { key, value, sizeBytes: 100, freshMs: null, staleMs: 0, tags: [], ...changes }
}

async function valueOf(driver: CacheDriver, key: string): Promise<CacheValue | undefined> {
  return (await driver.read([key], call))[0]?.value
}

async function begin(driver: CacheDriver, key: string, tags: readonly string[] = []): Promise<CacheFill> {
  const fill = await driver.beginFill({ key, tags, holdMs, alone: false }, call)
  if (!fill) throw new Error(`no fill of ${key}`)
  return fill
}

/** What every driver of the port `cache` keeps about fills and bytes, which callers of the port do not see step by step. */
export const cacheDriverContract: readonly CacheDriverCase[] = [
  promise('what a fill loaded is stored when nothing came between', async (t, { driver, other }) => {
    const fill = await begin(driver, 'a')
    await other.write(entry('b', 1), call)
    await other.delete('c', call)
    await other.invalidate({ prefix: 'b' }, call)

    t.true(await driver.write(entry('a', 'loaded', { fill }), call))
    t.is(await valueOf(other, 'a'), 'loaded')
  }),

  promise('a fill stores once', async (t, { driver }) => {
    const fill = await begin(driver, 'a')
    await driver.write(entry('a', 1, { fill }), call)

    t.false(await driver.write(entry('a', 2, { fill }), call))
    t.is(await valueOf(driver, 'a'), 1)
  }),

  promise('what was written, deleted or invalidated while a fill loads, here or in another replica, wins', async (t, { driver, other, tagged }) => {
    const changes: Readonly<Record<string, (by: CacheDriver) => unknown>> = {
      written: (by) => by.write(entry('a:1', 'newer'), call),
      deleted: (by) => by.delete('a:1', call),
      prefix: (by) => by.invalidate({ prefix: 'a:' }, call),
      'the whole key as prefix': (by) => by.invalidate({ prefix: 'a:1' }, call),
      all: (by) => by.invalidate({ all: true }, call),
      ...(tagged && { tag: (by: CacheDriver) => by.invalidate({ tags: ['other', 'y'] }, call) }),
    }
    for (const [what, change] of Object.entries(changes)) {
      for (const by of [driver, other]) {
        const tags = tagged ? ['x', 'y'] : []
        const fill = await begin(driver, 'a:1', tags)
        await change(by)

        t.false(await driver.write(entry('a:1', 'older', { fill, tags }), call), what)
        t.is(await valueOf(driver, 'a:1'), what === 'written' ? 'newer' : undefined, what)
      }
    }
  }),

  promise('a fill that lost changes nothing, and leaves the key as it is', async (t, { driver, other, tagged }) => {
    const tags = tagged ? ['x'] : []
    const fill = await begin(driver, 'a', tags)
    await other.delete('a', call)
    await other.write(entry('a', 'newer'), call)

    t.false(await driver.write(entry('a', 'older', { fill, tags }), call))
    await driver.endFill('a', fill, call)

    t.is(await valueOf(driver, 'a'), 'newer')
  }),

  promise('what is invalidated before a fill begins, or beside it, does not end it', async (t, { driver, other, tagged }) => {
    await other.delete('a:1', call)
    await other.invalidate({ prefix: 'a:' }, call)
    await other.invalidate({ all: true }, call)
    if (tagged) await other.invalidate({ tags: ['x'] }, call)
    const tags = tagged ? ['x'] : []
    const fill = await begin(driver, 'a:1', tags)
    await other.invalidate({ prefix: 'a:1:' }, call)
    await other.invalidate({ prefix: 'b' }, call)
    if (tagged) await other.invalidate({ tags: ['y'] }, call)

    t.true(await driver.write(entry('a:1', 'loaded', { fill, tags }), call))
    t.is(await valueOf(other, 'a:1'), 'loaded')
  }),

  promise('a fill replaces what is there, and what it stored is invalidated like anything else', async (t, { driver, other, tagged }) => {
    const tags = tagged ? ['x'] : []
    await driver.write(entry('a', 'stale', { tags }), call)
    const fill = await begin(driver, 'a', tags)
    t.is(await valueOf(driver, 'a'), 'stale')
    await driver.write(entry('a', 'loaded', { fill, tags }), call)
    t.is(await valueOf(driver, 'a'), 'loaded')

    await other.invalidate(tagged ? { tags } : { prefix: 'a' }, call)

    t.is(await valueOf(driver, 'a'), undefined)
  }),

  promise('the fill that began last stores', async (t, { driver, other }) => {
    await begin(driver, 'a')
    const last = await begin(other, 'a')

    t.true(await other.write(entry('a', 'last', { fill: last }), call))
    t.is(await valueOf(driver, 'a'), 'last')
  }),

  promise('fills of two replicas do not end one another: the first that has its value stores it', async (t, { driver, other }) => {
    if (driver === other) return void t.pass()
    const first = await begin(driver, 'a')
    const second = await begin(other, 'a')

    t.true(await driver.write(entry('a', 'first', { fill: first }), call))
    t.false(await other.write(entry('a', 'second', { fill: second }), call))
    t.is(await valueOf(other, 'a'), 'first')
  }),

  promise('one fill alone begins at a time in all replicas, and the next when it has stored, ended, lost or is over', async (t, { driver, other, clock }) => {
    const alone = (by: CacheDriver, ms = holdMs) => by.beginFill({ key: 'a', tags: [], holdMs: ms, alone: true }, call)

    const [one, two] = await Promise.all([alone(driver), alone(other)])
    const first = one ?? two
    t.is([one, two].filter((fill) => fill !== undefined).length, 1)
    t.truthy(await other.beginFill({ key: 'b', tags: [], holdMs, alone: true }, call))
    if (!first) return t.fail()
    t.true(await driver.write(entry('a', 1, { fill: first }), call))

    const second = await alone(other)
    t.is(await alone(driver), undefined)
    if (!second) return t.fail()
    await other.endFill('a', second, call)

    t.truthy(await alone(driver))
    t.is(await alone(other), undefined)
    await other.delete('a', call)

    const third = await alone(driver, 500)
    t.is(await alone(other), undefined)
    await clock.advance(600)
    const fourth = await alone(other)
    t.truthy(fourth)

    // The one that is over does not end the one that came after it.
    if (!third) return t.fail()
    await driver.endFill('a', third, call)
    t.is(await alone(driver), undefined)
    t.false(await driver.write(entry('a', 'late', { fill: third }), call))
  }),

  promise('a fill that is over stores nothing', async (t, { driver, clock }) => {
    const fill = await driver.beginFill({ key: 'a', tags: [], holdMs: 500, alone: false }, call)
    await clock.advance(600)

    t.false(await driver.write(entry('a', 1, { fill }), call))
    t.is(await valueOf(driver, 'a'), undefined)
  }),

  promise('a fill that is ended stores nothing', async (t, { driver }) => {
    const fill = await begin(driver, 'a')
    await driver.endFill('a', fill, call)

    t.false(await driver.write(entry('a', 1, { fill }), call))
    t.is(await valueOf(driver, 'a'), undefined)
  }),

  promise('bytes are kept as they are, and belong to who reads them', async (t, { driver, other }) => {
    const all = Uint8Array.from({ length: 256 }, (_, at) => at)
    await driver.write(entry('a', all.slice()), call)
    await driver.write(entry('b', new Uint8Array()), call)
    await driver.write(entry('c', Buffer.from('text').toString('base64')), call)

    const rows = await other.read(['a', 'b', 'c'], call)
    t.deepEqual(rows.map((row) => row?.value), [all, new Uint8Array(), 'dGV4dA=='])
    const read = rows[0]?.value
    if (!(read instanceof Uint8Array)) return t.fail()
    read.fill(7)

    t.deepEqual(await valueOf(driver, 'a'), all)
  }),

  promise('stale time comes after fresh time, and is told', async (t, { driver, clock }) => {
    await driver.write(entry('a', 1, { freshMs: 5_000, staleMs: 60_000 }), call)
    await driver.write(entry('b', 1, { freshMs: 500, staleMs: 60_000 }), call)
    await driver.write(entry('c', 1, { freshMs: 500, staleMs: 0 }), call)
    await clock.advance(600)

    const [a, b, c] = await driver.read(['a', 'b', 'c'], call)

    t.true((a?.freshMs ?? 0) > 0)
    t.true((b?.freshMs ?? 1) <= 0)
    t.is(c, undefined)
  }),
]
