import { kernelError } from '../../errors.ts'
import { type Cache, isFresh } from './cache.ts'
import type { CacheFill, CacheValue } from './driver.ts'
import type { Flight } from './flights.ts'
import { runInside } from './nesting.ts'
import type { OwnCall } from './own-call.ts'
import type { LoadContext } from './remember-options.ts'
import type { RememberPlan } from './remember-plan.ts'

/** A value that is to be loaded and cached. */
export interface Load {
  readonly cache: Cache
  readonly key: string
  readonly load: (context: LoadContext) => unknown
  readonly plan: RememberPlan
  readonly call: OwnCall
  /** Whether the cache has an older value of the key, for its stale time or its grace. */
  readonly hadOld: boolean
  /** Current until the key has changed in this process since the load began, or the load took too long. */
  readonly flight: Flight
}

/** How often a replica looks for what another one loads. */
const firstPauseMs = 10
const maxPauseMs = 250

/** Loads, and caches what came unless the key has changed meanwhile, here or in another replica. */
export async function loadAndCache(parts: Load): Promise<CacheValue> {
  const { cache, key, plan, call, flight } = parts
  // The backend failed this call already: it waits for one timeout, not for two. What is not current is not to be cached.
  if (call.degraded || !cache.flights.isCurrent(flight)) return loadOnly(parts)
  if (plan.cluster) return loadAlone(parts)

  // Alone here, too: of replicas that load at the same time one caches, where each would end the fill of the one before.
  const fill = await cache.beginFill({ key, tags: plan.tags, holdMs: plan.holdMs, alone: true }, call)
  return fill && fill !== 'down' ? loadInto(parts, fill) : loadOnly(parts)
}

/**
 * Loads when no other replica does, and otherwise takes what that one has cached. Who has waited for one load that gave
 * nothing to take waits for no second one, or of many who ask for what cannot be cached each would wait for all before it.
 */
async function loadAlone(parts: Load): Promise<CacheValue> {
  const { cache, key, plan, call } = parts
  let hasWaited = false
  const leastMs = Math.max(0, call.remainingMs() - plan.holdMs)
  for (let pauseMs = firstPauseMs; call.remainingMs() > leastMs; pauseMs = Math.min(pauseMs * 1.5, maxPauseMs)) {
    const fill = await cache.beginFill({ key, tags: plan.tags, holdMs: plan.holdMs, alone: true }, call)
    if (fill === 'down') return loadOnly(parts)
    // Another one may have loaded it between the miss and now.
    if (!fill) await pause(parts, pauseMs, leastMs)
    const row = await cache.read('remember', key, call)
    if (row && isFresh(row)) {
      if (fill) void cache.endFill(key, fill, call)
      return row.value
    }
    if (fill && !hasWaited) return loadInto(parts, fill)
    // The others who waited shall not wait for this one.
    if (fill) {
      await cache.endFill(key, fill, call)
      break
    }
    hasWaited = true
  }
  if (call.remainingMs() > 0) return loadBeside(parts)
  throw kernelError('CALL_DEADLINE_EXCEEDED', { operation: `${cache.parts.binding}.remember`, timeoutMs: plan.timeoutMs })
}

/** Loads whoever else does, and caches what came unless the key has changed meanwhile. */
async function loadBeside(parts: Load): Promise<CacheValue> {
  const { cache, key, plan, call } = parts
  const fill = await cache.beginFill({ key, tags: plan.tags, holdMs: plan.holdMs, alone: false }, call)
  return fill && fill !== 'down' ? loadInto(parts, fill) : loadOnly(parts)
}

async function loadInto(parts: Load, fill: CacheFill): Promise<CacheValue> {
  const { cache, key, plan, call, flight } = parts
  const isCurrent = () => cache.flights.isCurrent(flight)
  try {
    const value = await valueOf(parts)
    const lives = livesOf(value, plan)
    if (lives && isCurrent()) return (await cache.set('remember', { ...lives, key, value, tags: plan.tags, fill }, call)).value
    // There is nothing any more: the older value must not come back.
    if (!lives && parts.hadOld && isCurrent()) await cache.drop(key, call)
    else void cache.endFill(key, fill, call)
    return cache.freezeLoaded('remember', value)
  } catch (error) {
    void cache.endFill(key, fill, call)
    throw error
  }
}

/** Without the backend nothing says whether the key changed meanwhile: what came is not cached. */
async function loadOnly(parts: Load): Promise<CacheValue> {
  return parts.cache.freezeLoaded('remember', await valueOf(parts))
}

/** The word of the caller that it is JSON or bytes; what is not is refused when it is copied. */
async function valueOf({ load, flight, plan }: Load): Promise<CacheValue> {
  const loaded = await runInside(flight, () => load(flight.context))
  return (loaded === undefined && plan.negativeMs !== undefined ? null : loaded) as CacheValue
}

/** How long a value stays; undefined when it shall not be cached. */
export function livesOf(value: CacheValue, { ttlMs, staleMs, graceMs, jitter, negativeMs }: RememberPlan) {
  if (value === null && negativeMs !== undefined) return negativeMs > 0 ? { ttlMs: negativeMs, staleMs: 0 } : undefined
  // The driver's stale time is all the time that an old value is kept; who reads knows what is to be done with it.
  return { ttlMs: ttlMs === undefined ? undefined : Math.max(1, Math.ceil(ttlMs * (1 - jitter * Math.random()))), staleMs: Math.max(staleMs, graceMs) }
}

/** Until there are `leastMs` of the call left at the longest. */
function pause({ cache, call }: Load, pauseMs: number, leastMs: number): Promise<void> {
  const jittered = pauseMs * (0.5 + Math.random())
  return new Promise((resolve) => cache.parts.clock.after(Math.min(jittered, call.remainingMs() - leastMs), resolve))
}
