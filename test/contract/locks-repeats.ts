import { type LocksCase, heldCode, lostCode, promise, releaseOf } from './locks-case.ts'
import { moveUntil } from './queue-case.ts'

const name = 'repeats'
const requestId = '6f1d0c1e-3f5b-4a0e-9a44-000000000001'
const anotherId = '6f1d0c1e-3f5b-4a0e-9a44-000000000002'

/** What a lock promises to who asks again, for the answer may have been lost. */
export const repeatCases: readonly LocksCase[] = [
  promise('a repeat of an acquire answers the same grant in any replica, and what is left of its time', async (t, { locks, other, clock }) => {
    const grant = await locks.acquire({ name, ttlMs: 10_000, requestId })

    await clock.advance(1_000)
    for (const replica of [locks, other]) {
      const again = await replica.acquire({ name, ttlMs: 60_000, requestId })

      t.deepEqual([again.token, again.fencingToken], [grant.token, grant.fencingToken])
      t.true(again.expiresInMs <= 9_000 && again.expiresInMs > 3_000, String(again.expiresInMs))
    }
    await t.throwsAsync(other.acquire({ name, ttlMs: 10_000, requestId: anotherId }), heldCode)
    t.not((await other.acquire({ name: `${name}/other`, ttlMs: 10_000, requestId })).token, grant.token)
  }),

  promise('a request that comes many times at once is granted once', async (t, { locks, other }) => {
    const grants = await Promise.all(Array.from({ length: 10 }, async (_, at) => (at % 2 === 0 ? locks : other).acquire({ name, ttlMs: 60_000, requestId })))

    t.is(new Set(grants.map(({ token }) => token)).size, 1)
    t.is(new Set(grants.map(({ fencingToken }) => fencingToken)).size, 1)
  }),

  promise('what a request was granted and released is not granted to its repeat, not even when another holds the lock', async (t, { locks, other }) => {
    const grant = await locks.acquire({ name, ttlMs: 60_000, requestId })
    await releaseOf(locks, name, grant)

    await t.throwsAsync(other.acquire({ name, ttlMs: 60_000, requestId }), lostCode)
    await t.throwsAsync(other.acquire({ name, ttlMs: 60_000, waitMs: 1_000, requestId }), lostCode)
    const next = await other.acquire({ name, ttlMs: 60_000, requestId: anotherId })
    await t.throwsAsync(locks.acquire({ name, ttlMs: 60_000, requestId }), lostCode)

    t.is((await locks.renew({ name, token: next.token, ttlMs: 60_000 })).fencingToken, next.fencingToken)
  }),

  promise('once a grant ran out its repeat is a request like any other', async (t, { locks, other, clock }) => {
    const grant = await locks.acquire({ name, ttlMs: 300, requestId })

    await clock.advance(300)
    const again = await other.acquire({ name, ttlMs: 300, requestId })
    t.true(again.fencingToken > grant.fencingToken)

    await clock.advance(300)
    await locks.acquire({ name, ttlMs: 60_000 })
    await t.throwsAsync(other.acquire({ name, ttlMs: 300, requestId }), heldCode)
  }),

  promise('a repeat does not wait behind those who wait for what it holds', async (t, { locks, clock }) => {
    const grant = await locks.acquire({ name, ttlMs: 60_000, requestId })
    const behind = locks.acquire({ name, ttlMs: 60_000, waitMs: 50_000 })
    await new Promise(setImmediate)

    const again = await locks.acquire({ name, ttlMs: 60_000, waitMs: 50_000, requestId })

    t.is(again.token, grant.token)
    await releaseOf(locks, name, again)
    await moveUntil(behind, clock, 10_000)
    t.true((await behind).fencingToken > grant.fencingToken)
  }),

  promise('a request that waits is granted in its turn, and found by its repeat in another replica', async (t, { locks, other, clock }) => {
    const holder = await locks.acquire({ name, ttlMs: 60_000 })
    const waiting = locks.acquire({ name, ttlMs: 60_000, waitMs: 50_000, requestId })
    await new Promise(setImmediate)
    await t.throwsAsync(other.acquire({ name, ttlMs: 60_000, requestId }), heldCode)

    await releaseOf(locks, name, holder)
    await moveUntil(waiting, clock, 10_000)

    t.is((await other.acquire({ name, ttlMs: 60_000, requestId })).token, (await waiting).token)
  }),

  promise('a request that goes away while it waits leaves no lock behind; one that was granted stays for its repeat', async (t, { locks }) => {
    const holder = await locks.acquire({ name, ttlMs: 60_000 })
    const gone = new AbortController()
    const waiting = t.throwsAsync(locks.acquire({ name, ttlMs: 60_000, waitMs: 50_000, requestId }, { signal: gone.signal }))
    await new Promise(setImmediate)
    gone.abort()
    await waiting
    await releaseOf(locks, name, holder)

    const grant = await locks.acquire({ name, ttlMs: 60_000, waitMs: 1_000, requestId })
    t.is((await locks.acquire({ name, ttlMs: 60_000, requestId })).token, grant.token)
  }),

  promise('a request that somebody could guess is refused', async (t, { locks }) => {
    for (const id of ['', '1', 'x'.repeat(15), 'x'.repeat(256), `${requestId}\0`]) await t.throwsAsync(locks.acquire({ name, ttlMs: 1_000, requestId: id }), { code: 'INPUT_INVALID' }, id)
  }),
]
