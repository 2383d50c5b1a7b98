import test, { type ExecutionContext } from 'ava'
import { Meters } from '../../../../kernel/binding/meters.ts'
import { cache as port } from '../../../../kernel/ports/cache/index.ts'
import type { CacheDriver } from '../../../../kernel/ports/cache/index.ts'
import type { Call } from '../../../../kernel/plugin.ts'
import { VirtualClock } from '../../../contract/clock.ts'

/** A call that counts how often it was degraded, a log that keeps its lines, and the port over `driver`. */
function over(t: ExecutionContext, driver: CacheDriver, clock = new VirtualClock()) {
  const lines: string[] = []
  const line = (_: object, message: string) => void lines.push(message)
  const log = { debug: line, info: line, warn: line, error: line, child: () => log }
  const calls = { degraded: 0 }
  const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: 't', text: false, degrade: () => { calls.degraded += 1 } }
  const cache = port.implement?.({
    driver, clock, log, binding: 'cache', plugin: 'test', keys: { timeoutMs: 1_000 }, capabilities: new Set(['tags'] as const), peer: () => undefined, meters: new Meters('cache', 'cache'), importScript: () => Promise.reject(new Error('there are no scripts')), onClose: () => undefined,
  })
  if (!cache) return t.fail()
  return { cache, call, calls, lines, clock }
}

const failing = (fail: () => never | Promise<never>): CacheDriver => ({ read: fail, write: fail, delete: fail, invalidate: fail, beginFill: fail, endFill: fail })

const ways = {
  'throws at once': () => { throw new Error('down') },
  'rejects later': () => Promise.reject(new Error('down')),
}

for (const [way, fail] of Object.entries(ways)) {
  test(`a backend that ${way} is a miss or a no-op, degraded, and logged once an outage`, async (t) => {
    const { cache, call, calls, lines } = over(t, failing(fail))

    t.is(await cache.get({ key: 'a' }, call), null)
    t.deepEqual(await cache.getMany({ keys: ['a', 'b'] }, call), { items: [null, null] })
    t.deepEqual(await cache.set({ key: 'a', value: 1 }, call), { stored: false })
    t.deepEqual(await cache.delete({ key: 'a' }, call), {})
    t.deepEqual(await cache.invalidate({ all: true }, call), {})

    t.true(calls.degraded >= 5)
    t.is(lines.length, 1)
    let degraded = 0
    t.is(await cache.remember('a', () => 7, { onDegraded: () => (degraded += 1) }), 7)
    t.is(degraded, 1)
  })
}

test('a backend that does not answer is a miss after the key timeout', async (t) => {
  const { cache, call, calls, clock } = over(t, failing(() => new Promise<never>(() => undefined)))
  const get = cache.get({ key: 'a' }, call)

  await clock.advance(1_000)

  t.is(await get, null)
  t.is(calls.degraded, 1)
})

test('a backend that answers again is logged as such', async (t) => {
  let down = true
  const driver: CacheDriver = { read: () => { if (down) throw new Error('down'); return [{ value: 1, freshMs: null }] }, write: () => true, delete: () => undefined, invalidate: () => undefined, beginFill: () => undefined, endFill: () => undefined }
  const { cache, call, lines } = over(t, driver)
  await cache.get({ key: 'a' }, call)
  await cache.get({ key: 'a' }, call)
  down = false

  t.is((await cache.get({ key: 'a' }, call))?.value, 1)
  await cache.get({ key: 'a' }, call)

  t.is(lines.length, 2)
})
