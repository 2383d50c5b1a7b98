import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../kernel/clock.ts'
import { isPorticoError } from '../../kernel/plugin.ts'
import type { BoundLocks, LocksCase } from './locks-case.ts'

/** A time in which a caller surely held the lock, by the clock of this process: whatever that one's token is, nobody else's may begin there. */
interface Hold {
  readonly fromMs: number
  readonly toMs: number
  readonly fencingToken: number
}

const name = 'contended'
const runsForMs = 4_000
/** A machine that is slow may need longer for this many. */
const fewestHolds = 11
const runsAtMostForMs = 40_000
const callersOfEach = 3

/** In real time, with locks that are released, renewed or left to run out, at random. */
export const neverTwoHolders: LocksCase = {
  title: 'two replicas never hold a lock at once, whether it is released, renewed or runs out',
  async run(t, harness) {
    const { locks, other } = await harness.start(t, systemClock)
    const holds: Hold[] = []
    const startedMs = performance.now()
    const goesOn = () => performance.now() - startedMs < (holds.length < fewestHolds ? runsAtMostForMs : runsForMs)
    const callers = [locks, other].flatMap((replica) => Array.from({ length: callersOfEach }, () => hold(replica, holds, goesOn)))

    await Promise.all(callers)

    const inOrder = holds.toSorted((one, two) => one.fromMs - two.fromMs)
    t.true(inOrder.length >= fewestHolds, `${inOrder.length} holds`)
    for (const [at, next] of inOrder.entries()) {
      const before = inOrder[at - 1]
      if (!before) continue
      t.true(next.fromMs >= before.toMs, `${JSON.stringify(before)} and ${JSON.stringify(next)}`)
      t.true(next.fencingToken > before.fencingToken)
    }
  },
}

async function hold(locks: BoundLocks, holds: Hold[], goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    const ttlMs = 100 + Math.floor(Math.random() * 150)
    const waitMs = Math.random() < 0.5 ? 1_000 : 0
    const askedMs = performance.now()
    const grant = await locks.acquire({ name, ttlMs, waitMs }).catch(unlessHeld)
    const fromMs = performance.now()
    if (!grant) {
      await sleep(Math.random() * 20)
      continue
    }

    // Surely held until then: it was granted after it was asked for; who waited knows only what later verbs tell.
    let surelyMs = waitMs === 0 ? askedMs + ttlMs : fromMs
    await sleep(Math.random() * 40)
    const end = Math.random()
    if (end < 0.3) {
      const renewMs = performance.now()
      if (await locks.renew({ name, token: grant.token, ttlMs }).catch(unlessHeld)) surelyMs = renewMs + ttlMs
      await sleep(Math.random() * 40)
    }
    const leftMs = performance.now()
    if (end < 0.8 && (await locks.release({ name, token: grant.token }).catch(unlessHeld))) surelyMs = leftMs
    const toMs = Math.min(surelyMs, leftMs)
    if (toMs > fromMs) holds.push({ fromMs, toMs, fencingToken: grant.fencingToken })
  }
}

function unlessHeld(error: unknown): undefined {
  if (isPorticoError(error) && (error.code === 'LOCK_HELD' || error.code === 'LOCK_LOST')) return undefined
  throw error
}
