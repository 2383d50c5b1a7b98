import { makeUnit } from '../../kernel/plugin.ts'
import type { Grant } from '../../kernel/ports/locks/index.ts'
import { type LocksCase, heldCode, promise, releaseOf } from './locks-case.ts'
import { moveUntil } from './queue-case.ts'

const name = 'line'

/** What a lock promises to those who wait for it. */
export const lineCases: readonly LocksCase[] = [
  promise('who waits is woken by the release, well before it would look again', async (t, { locks }) => {
    const tookMs: number[] = []
    let grant = await locks.acquire({ name, ttlMs: 60_000 })
    for (let turn = 0; turn < 5; turn++) {
      const waiting = locks.acquire({ name, ttlMs: 60_000, waitMs: 30_000 })
      await soon()

      const releasedMs = performance.now()
      await releaseOf(locks, name, grant)
      const next = await waiting
      tookMs.push(performance.now() - releasedMs)
      t.true(next.fencingToken > grant.fencingToken)
      grant = next
    }

    // It looks twice a second at most, and so not once before that; a busy machine may be late, but not each time.
    t.true(Math.min(...tookMs) < 400, `${tookMs.join()} ms`)
  }),

  promise('who waits gets the lock when its holder\'s time ends', async (t, { locks, other, clock }) => {
    const grant = await locks.acquire({ name, ttlMs: 400 })

    const waiting = other.acquire({ name, ttlMs: 60_000, waitMs: 10_000 })
    await moveUntil(waiting, clock, 400)

    t.true((await waiting).fencingToken > grant.fencingToken)
  }),

  promise('who waited in vain is told so, and leaves nothing behind', async (t, { locks, other, clock }) => {
    const grant = await locks.acquire({ name, ttlMs: 60_000 })

    const waiting = t.throwsAsync(other.acquire({ name, ttlMs: 60_000, waitMs: 300 }), heldCode)
    await moveUntil(waiting, clock, 300)
    await waiting
    await releaseOf(locks, name, grant)

    t.truthy(await locks.acquire({ name, ttlMs: 60_000 }))
  }),

  promise('who waits in one process is served in the order of coming', async (t, { locks }) => {
    const served: number[] = []
    const first = await locks.acquire({ name, ttlMs: 60_000 })
    const serve = async (number: number): Promise<void> => {
      const grant = await locks.acquire({ name, ttlMs: 60_000, waitMs: 30_000 })
      served.push(number)
      await releaseOf(locks, name, grant)
    }

    const all: Promise<void>[] = []
    for (let number = 0; number < 10; number++) {
      all.push(serve(number))
      // The first one asks the backend before it waits.
      if (number === 0) await soon()
    }
    await releaseOf(locks, name, first)
    await Promise.all(all)

    t.deepEqual(served, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  }),

  promise('who gives up while it waits gets no lock', async (t, { locks }) => {
    const grant = await locks.acquire({ name, ttlMs: 60_000 })
    const giveUp = new AbortController()
    const waiting = t.throwsAsync(locks.acquire({ name, ttlMs: 60_000, waitMs: 30_000 }, { signal: giveUp.signal }), { code: 'CALL_ABORTED' })
    await soon()

    giveUp.abort()
    await waiting
    await releaseOf(locks, name, grant)
    await soon()

    t.truthy(await locks.acquire({ name, ttlMs: 60_000 }) satisfies Grant)
  }),

  promise('no unit of work takes a lock', async (t, { locks }) => {
    const unit = makeUnit()

    await t.throwsAsync(locks.acquire({ name, ttlMs: 60_000 }, { unit }), { code: 'LOCKS_UNSUPPORTED' })

    t.truthy(await locks.acquire({ name, ttlMs: 60_000 }))
  }),
]

/** Long enough for a caller to reach the backend and begin to wait. */
function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}
