import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../../kernel/index.ts'
import { Lines } from '../../../../kernel/ports/locks/lines.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { silentLog } from '../../../contract/log.ts'

const { signal } = new AbortController()

async function start(t: ExecutionContext) {
  const clock = new VirtualClock()
  const kernel = await createKernel({ version: 1, name: 'test', ports: { locks: { use: 'memory' } } }, { clock, log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return { clock, kernel, locks: kernel.ports.locks }
}

function linesOf(max: number) {
  const listeners = new Map<string, () => void>()
  const lines = new Lines(new VirtualClock(), max, (name, listener) => {
    listeners.set(name, listener)
    return () => listeners.delete(name)
  })
  return { lines, listeners }
}

test('only so many wait at once; one more is told so at once', async (t) => {
  const { locks, kernel } = await start(t)
  await locks.acquire({ name: 'a', ttlMs: 3_600_000 })
  const waiting = Array.from({ length: 4_096 }, () => t.throwsAsync(locks.acquire({ name: 'a', ttlMs: 1_000, waitMs: 60_000 }), { code: 'LOCK_HELD' }))
  await new Promise((resolve) => setImmediate(resolve))

  await t.throwsAsync(locks.acquire({ name: 'a', ttlMs: 1_000, waitMs: 60_000 }), { code: 'LOCK_TOO_MANY_WAITING' })
  t.truthy(await locks.acquire({ name: 'b', ttlMs: 1_000, waitMs: 60_000 }))

  await kernel.close()
  await Promise.all(waiting)
})

test('who waits does not hold up a shutdown', async (t) => {
  const { locks, kernel } = await start(t)
  await locks.acquire({ name: 'a', ttlMs: 3_600_000 })
  const waiting = t.throwsAsync(locks.acquire({ name: 'a', ttlMs: 1_000, waitMs: 60_000 }), { code: 'LOCK_HELD' })
  await new Promise((resolve) => setImmediate(resolve))

  t.is(await kernel.close(), 0)

  await waiting
})

test('the first in line asks, and whoever comes next when it left', async (t) => {
  const { lines } = linesOf(10)
  const [first, second, third] = [lines.enter('a'), lines.enter('a'), lines.enter('a')]
  const turn = second.rest(second.wakes, 60_000, signal)
  t.deepEqual([first.first, second.first, third.first], [true, false, false])

  first.leave()
  await turn

  t.deepEqual([second.first, third.first], [true, false])
})

test('a wake-up while the first one asks is not missed', async (t) => {
  const { lines, listeners } = linesOf(10)
  const place = lines.enter('a')
  const { wakes } = place

  listeners.get('a')?.()

  await place.rest(wakes, 60_000, signal)
  t.pass()
})

test('nothing is kept of a name that nobody waits for, and nobody listens there', (t) => {
  const { lines, listeners } = linesOf(2)
  const places = [lines.enter('a'), lines.enter('b')]
  t.true(lines.full)

  for (const place of places) place.leave()
  for (const place of places) place.leave()

  t.false(lines.full)
  t.false(lines.has('a'))
  t.is(listeners.size, 0)
})
