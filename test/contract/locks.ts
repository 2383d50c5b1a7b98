import { leaderCases } from './locks-leader.ts'
import { lineCases } from './locks-lines.ts'
import { type LocksCase, heldCode, lostCode, promise, releaseOf } from './locks-case.ts'
import { neverTwoHolders } from './locks-model.ts'
import { repeatCases } from './locks-repeats.ts'

export type { BoundLocks, LocksCase, LocksHarness, LocksParts } from './locks-case.ts'

const name = 'orders/7'
const grants = 1_000

/** What every driver of the port `locks` keeps. */
export const locksContract: readonly LocksCase[] = [
  promise('a lock has one holder over all replicas, and other names are free', async (t, { locks, other }) => {
    const grant = await locks.acquire({ name, ttlMs: 60_000 })

    const refused = await t.throwsAsync(other.acquire({ name, ttlMs: 60_000 }), heldCode)
    await t.throwsAsync(locks.acquire({ name, ttlMs: 60_000 }), heldCode)

    const { retryAfterMs } = refused as { retryAfterMs?: number }
    t.true(retryAfterMs !== undefined && retryAfterMs > 50_000 && retryAfterMs <= 60_000, String(retryAfterMs))
    t.true(grant.expiresInMs > 50_000 && grant.expiresInMs < 60_000)
    t.regex(grant.token, /^[0-9a-f]{32}$/)
    t.truthy(await other.acquire({ name: 'orders/8', ttlMs: 60_000 }))
  }),

  promise('what is released can be acquired at once, under another token and a greater fencing token', async (t, { locks, other }) => {
    const first = await locks.acquire({ name, ttlMs: 60_000 })

    t.deepEqual(await releaseOf(locks, name, first), { released: true })
    const second = await other.acquire({ name, ttlMs: 60_000 })

    t.not(second.token, first.token)
    t.true(second.fencingToken > first.fencingToken)
  }),

  promise('any replica renews and releases what another one was granted', async (t, { locks, other }) => {
    const grant = await locks.acquire({ name, ttlMs: 60_000 })

    t.is((await other.renew({ name, token: grant.token, ttlMs: 60_000 })).fencingToken, grant.fencingToken)
    t.deepEqual(await releaseOf(other, name, grant), { released: true })
  }),

  promise('the repeat of a release answers the same, also when another holds the lock by then', async (t, { locks, other }) => {
    const first = await locks.acquire({ name, ttlMs: 60_000 })
    await releaseOf(locks, name, first)

    t.deepEqual(await releaseOf(other, name, first), { released: true })
    const second = await other.acquire({ name, ttlMs: 60_000 })
    t.deepEqual(await releaseOf(locks, name, first), { released: true })

    t.is((await other.renew({ name, token: second.token, ttlMs: 60_000 })).fencingToken, second.fencingToken)
  }),

  promise('a lock ends with its time: another gets it, and the old token changes nothing', async (t, { locks, other, clock }) => {
    const old = await locks.acquire({ name, ttlMs: 500 })

    await clock.advance(500)
    const grant = await other.acquire({ name, ttlMs: 60_000 })

    t.true(grant.fencingToken > old.fencingToken)
    await t.throwsAsync(locks.renew({ name, token: old.token, ttlMs: 60_000 }), lostCode)
    await t.throwsAsync(releaseOf(locks, name, old), lostCode)
    t.is((await other.renew({ name, token: grant.token, ttlMs: 60_000 })).fencingToken, grant.fencingToken)
  }),

  promise('after its time a lock is neither renewed nor released, also when nobody took it', async (t, { locks, clock }) => {
    const { token } = await locks.acquire({ name, ttlMs: 300 })

    await clock.advance(300)

    await t.throwsAsync(locks.renew({ name, token, ttlMs: 60_000 }), lostCode)
    await t.throwsAsync(locks.release({ name, token }), lostCode)
    t.truthy(await locks.acquire({ name, ttlMs: 300 }))
  }),

  promise('a renewed lock lasts from then, under the same fencing token', async (t, { locks, other, clock }) => {
    const { token, fencingToken } = await locks.acquire({ name, ttlMs: 3_000 })

    await clock.advance(1_600)
    // Twice: the second one may change nothing.
    await locks.renew({ name, token, ttlMs: 3_000 })
    const renewed = await locks.renew({ name, token, ttlMs: 3_000 })
    await clock.advance(1_600)

    t.is(renewed.fencingToken, fencingToken)
    t.true(renewed.expiresInMs > 1_500 && renewed.expiresInMs <= 3_000)
    await t.throwsAsync(other.acquire({ name, ttlMs: 3_000 }), heldCode)
    await clock.advance(1_400)
    t.truthy(await other.acquire({ name, ttlMs: 3_000 }))
  }),

  promise('without the holder\'s token nobody renews or releases', async (t, { locks }) => {
    const { token } = await locks.acquire({ name, ttlMs: 60_000 })

    for (const wrong of ['x', 'f'.repeat(32), token.toUpperCase().replace(/^./, 'A'), `${token} `, '\0']) {
      await t.throwsAsync(locks.renew({ name, token: wrong, ttlMs: 60_000 }), lostCode)
      await t.throwsAsync(locks.release({ name, token: wrong }), lostCode)
    }
    await t.throwsAsync(locks.release({ name: 'nobody', token }), lostCode)
    await t.throwsAsync(locks.renew({ name: 'nobody', token, ttlMs: 60_000 }), lostCode)

    t.deepEqual(await locks.release({ name, token }), { released: true })
  }),

  promise(`fencing tokens grow over ${grants} grants of several replicas`, async (t, { locks, other }) => {
    const tokens: number[] = []

    for (let count = 0; count < grants; count++) {
      const replica = count % 3 === 0 ? other : locks
      const grant = await replica.acquire({ name, ttlMs: 60_000 })
      tokens.push(grant.fencingToken)
      await releaseOf(replica, name, grant)
    }

    t.true(tokens.every((token, at) => Number.isSafeInteger(token) && token > (tokens[at - 1] ?? 0)))
  }),

  promise('of all who come at once for names that nobody had, one gets each', async (t, { locks, other }) => {
    const names = Array.from({ length: 120 }, (_, count) => `new ${count}`)

    const outcomes = await Promise.allSettled(names.flatMap((text) => [locks, other, locks].map((replica) => replica.acquire({ name: text, ttlMs: 60_000 }))))

    t.is(outcomes.filter(({ status }) => status === 'fulfilled').length, names.length)
    for (const outcome of outcomes) if (outcome.status === 'rejected') t.is((outcome.reason as { readonly code: string }).code, 'LOCK_HELD')
  }),

  promise('a name is any text, and another text is another lock', async (t, { locks }) => {
    const names = ['a', 'A', 'a ', 'ä', 'a\u0308', '%', '*', '{a}', "'; drop table locks--", 'a/b', 'x'.repeat(255), `${'é'.repeat(127)}x`, 'null', 'constructor', '__proto__'.slice(1)]
      .filter((text) => !text.startsWith('_'))

    for (const text of names) t.truthy(await locks.acquire({ name: text, ttlMs: 60_000 }), text)
    for (const text of names) await t.throwsAsync(locks.acquire({ name: text, ttlMs: 60_000 }), heldCode, text)
  }),

  promise('what is no name, or beyond the bounds, is refused', async (t, { locks }) => {
    const invalid = { code: 'INPUT_INVALID' }

    for (const text of ['', '.', '..', '_a', 'x'.repeat(256), 'é'.repeat(128), 'a\0', '\ud800']) await t.throwsAsync(locks.acquire({ name: text, ttlMs: 1_000 }), invalid, JSON.stringify(text))
    for (const ttlMs of [99, 3_600_001, 100.5]) await t.throwsAsync(locks.acquire({ name, ttlMs }), invalid)
    await t.throwsAsync(locks.acquire({ name, ttlMs: 1_000, waitMs: 60_001 }), invalid)

    t.truthy(await locks.acquire({ name, ttlMs: 1_000 }))
  }),

  ...lineCases,
  ...repeatCases,
  ...leaderCases,
  neverTwoHolders,
]
