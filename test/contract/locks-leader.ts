import type { Leadership } from '../../kernel/ports/locks/index.ts'
import { type BoundLocks, type LocksCase, heldCode, promise } from './locks-case.ts'
import { moveUntil } from './queue-case.ts'

const name = 'nightly report'

/** A candidate, and what it does as leader: nothing, until it is told. */
function candidate(locks: BoundLocks, { ttlMs = 2_400, signal }: { readonly ttlMs?: number; readonly signal?: AbortSignal } = {}) {
  const elected = Promise.withResolvers<Leadership>()
  const done = Promise.withResolvers<string>()
  const ended = locks.leader(name, (leadership) => {
    elected.resolve(leadership)
    leadership.signal.addEventListener('abort', () => { done.reject(new Error('told to stop')) })
    return done.promise
  }, { ttlMs, ...(signal && { signal }) })
  return { elected: elected.promise, ended, finish: done.resolve }
}

/** So long a step of a clock that is moved by hand takes: a renewal has sixteen of them, and each may meet a busy machine. */
const stepRealMs = 40

/** Time in small steps, in which whoever renews a lock gets to the backend. */
async function pass(clock: { readonly toleranceMs: number; advance(ms: number): Promise<void> }, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await clock.advance(50)
    if (clock.toleranceMs === 0) await new Promise((resolve) => setTimeout(resolve, stepRealMs))
  }
}

/** Elections of one leader for what runs in the background. */
export const leaderCases: readonly LocksCase[] = [
  promise('one replica leads, for as long as it likes, and the next one when it is done', async (t, { locks, other, clock }) => {
    const first = candidate(locks)
    const { fencingToken, signal } = await first.elected
    const second = candidate(other)

    await pass(clock, 5_200)
    await t.throwsAsync(other.acquire({ name, ttlMs: 600 }), heldCode)
    t.false(signal.aborted)
    first.finish('done')
    t.is(await first.ended, 'done')
    await moveUntil(second.elected, clock, 100)

    t.true((await second.elected).fencingToken > fencingToken)
    second.finish('done too')
    t.is(await second.ended, 'done too')
  }),

  promise('a leader that is told to stop gives the lead back', async (t, { locks, other }) => {
    const stop = new AbortController()
    const leader = candidate(locks, { signal: stop.signal })
    const { signal } = await leader.elected

    stop.abort()

    t.is(await leader.ended, undefined)
    t.true(signal.aborted)
    t.truthy(await other.acquire({ name, ttlMs: 600 }))
  }),

  promise('who waits to lead and is told to stop leads never', async (t, { locks, other }) => {
    const { token } = await locks.acquire({ name, ttlMs: 60_000 })
    const stop = new AbortController()
    const waiting = candidate(other, { signal: stop.signal })
    await new Promise((resolve) => setTimeout(resolve, 50))

    stop.abort()

    t.is(await waiting.ended, undefined)
    await locks.release({ name, token })
    t.truthy(await locks.acquire({ name, ttlMs: 600 }))
  }),

  promise('what the leader throws is told, and the lead is given back', async (t, { locks, other }) => {
    await t.throwsAsync(locks.leader(name, () => { throw new RangeError('of its own') }), { instanceOf: RangeError })

    t.is(await other.leader(name, ({ fencingToken }) => fencingToken > 0), true)
  }),

  promise('nobody is elected under what is no name, or for no time', async (t, { locks }) => {
    for (const wrong of ['', '_a', 'x'.repeat(256)]) await t.throwsAsync(locks.leader(wrong, () => undefined), { code: 'INPUT_INVALID' })
    for (const ttlMs of [99, 3_600_001, 100.5, Number.NaN]) await t.throwsAsync(locks.leader(name, () => undefined, { ttlMs }), { code: 'INPUT_INVALID' })
    for (const wrong of [[5, () => undefined], [name], [name, 5], [name, () => undefined, null], [name, () => undefined, { signal: {} }]]) {
      await t.throwsAsync(async () => { await Reflect.apply(locks.leader, locks, wrong) }, { code: 'INPUT_INVALID' })
    }
  }),
]
