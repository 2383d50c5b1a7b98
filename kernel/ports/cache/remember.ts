import type { Call } from '../../call.ts'
import { kernelError } from '../../errors.ts'
import { type Cache, isFresh } from './cache.ts'
import type { CacheRow, CacheValue } from './driver.ts'
import { loadAndCache, loadOnly } from './load.ts'
import type { OwnCall } from './own-call.ts'
import type { RememberOptions } from './remember-options.ts'
import { callOf, planOf, type RememberPlan } from './remember-plan.ts'

const noOptions: RememberOptions = {}

/** What one caller of `remember` wants. */
interface Wanted {
  readonly cache: Cache
  readonly key: string
  readonly load: () => unknown
  readonly plan: RememberPlan
  readonly call: OwnCall
  readonly hadOld: boolean
}

/** @see CacheInProcess.remember */
export async function remember<T>(cache: Cache, key: string, load: () => T | Promise<T>, options: RememberOptions = noOptions): Promise<T> {
  const plan = planOf(cache, options)
  const call = callOf(options, cache.parts.clock)
  const soon = cache.read('remember', key, call)
  const row = soon instanceof Promise ? await soon : soon
  // The value that `load` gave for this key: its type is the caller's word for it.
  if (row && isFresh(row)) return row.value as T
  if (row && ageMs(row) < plan.staleMs) {
    renew({ cache, key, load, plan, hadOld: true, call: callOf({ ...options, onDegraded: () => undefined }, cache.parts.clock) })
    return row.value as T
  }

  const old = row && ageMs(row) < plan.graceMs ? row : undefined
  return (await loaded({ cache, key, load, plan, hadOld: row !== undefined, call }, old)) as T
}

/** What the load gives; when it fails, the old value for as long as there is grace. */
async function loaded(wanted: Wanted, old: CacheRow | undefined): Promise<CacheValue> {
  const { cache, call } = wanted
  try {
    const value = await within(call, cache, loadOnce(wanted, old && 'the load failed; the old value is answered in its grace'))
    // All who waited share one outcome, and one of them may be the cache's own.
    return value instanceof Uint8Array ? value.slice() : value
  } catch (error) {
    if (!old) throw error
    call.degrade()
    return old.value
  }
}

/** The outcome of the load under way for the key, or of a new one, whose failure is logged when there are words for it. */
function loadOnce({ cache, key, load, plan, hadOld, call }: Wanted, onFailure: string | undefined): Promise<CacheValue> {
  const { flights, parts } = cache
  const under = flights.get(key)
  if (under) return under.outcome

  const flight = flights.start(key, plan.tags, async (isCurrent) => {
    // A load that hangs must not hold the key for ever; those who wait for it have given up by then.
    const cancel = parts.clock.after(call.remainingMs(), () => isCurrent() && flights.outdate(key))
    // After this turn, so that the flight is in place however quickly `load` answers.
    await Promise.resolve()
    try {
      return await loadAndCache({ cache, key, load, plan, hadOld, call, isCurrent })
    } catch (error) {
      if (onFailure !== undefined) parts.log.warn({ binding: parts.binding, err: error }, onFailure)
      throw error
    } finally {
      cancel()
    }
  })
  return flight ? flight.outcome : Promise.resolve().then(() => loadOnly({ cache, load, plan }))
}

/** Loads behind an answer that was stale; a failure leaves the stale value. */
function renew(wanted: Wanted): void {
  if (wanted.cache.flights.get(wanted.key)) return
  loadOnce(wanted, 'a stale value could not be renewed').catch(() => undefined)
}

/** How long it has been stale. */
function ageMs({ freshMs }: CacheRow): number {
  return freshMs === null ? 0 : Math.max(0, -freshMs)
}

function within<T>(call: Call, cache: Cache, outcome: Promise<T>): Promise<T> {
  const timeoutMs = call.remainingMs()
  return new Promise((resolve, reject) => {
    const cancel = cache.parts.clock.after(timeoutMs, () => {
      reject(kernelError('CALL_DEADLINE_EXCEEDED', { operation: `${cache.parts.binding}.remember`, timeoutMs }))
    })
    outcome.then(resolve, reject).finally(cancel)
  })
}
