import { kernelError } from '../../errors.ts'
import { type Cache, isFresh } from './cache.ts'
import type { CacheRow, CacheValue, Soon } from './driver.ts'
import { cacheError } from './errors.ts'
import type { Flight } from './flights.ts'
import { loadAndCache } from './load.ts'
import { circleOf, noteWait } from './nesting.ts'
import type { OwnCall } from './own-call.ts'
import type { LoadContext, RememberOptions } from './remember-options.ts'
import { callOf, planOf, type RememberPlan } from './remember-plan.ts'
import { waitFor } from './waiting.ts'

const noOptions: RememberOptions = {}

/** What one caller of `remember` wants. */
interface Wanted {
  readonly cache: Cache
  readonly key: string
  readonly load: (context: LoadContext) => unknown
  readonly plan: RememberPlan
  readonly call: OwnCall
  readonly hadOld: boolean
  readonly signal: AbortSignal | undefined
}

/** @see CacheInProcess.remember */
export async function remember<T>(cache: Cache, key: string, load: (context: LoadContext) => T | Promise<T>, options: RememberOptions = noOptions): Promise<T> {
  const plan = planOf(cache, 'remember', load, options)
  const { signal } = options
  if (signal?.aborted) throw kernelError('CALL_ABORTED', { operation: `${cache.parts.binding}.remember` })
  const call = callOf(options, cache.parts.clock)
  const soon = readLatest(cache, key, call)
  const row = soon instanceof Promise ? await soon : soon
  // The value that `load` gave for this key: its type is the caller's word for it.
  if (row && isFresh(row)) return row.value as T
  if (row && ageMs(row) < plan.staleMs) {
    renew({ cache, key, load, plan, hadOld: true, signal: undefined, call: callOf({ ...options, onDegraded: () => undefined }, cache.parts.clock) })
    return row.value as T
  }

  const old = row && ageMs(row) < plan.graceMs ? row : undefined
  return (await loaded({ cache, key, load, plan, hadOld: row !== undefined, signal, call }, old)) as T
}

/** What a load has cached that ended while the backend was read is not missed: who was read for too early reads again. */
function readLatest(cache: Cache, key: string, call: OwnCall): Soon<CacheRow | undefined> {
  const { ends } = cache.flights
  const soon = cache.read('remember', key, call)
  if (!(soon instanceof Promise)) return soon
  return soon.then((row) => (!(row && isFresh(row)) && cache.flights.hasEndedSince(key, ends) ? cache.read('remember', key, call) : row))
}

/** What the load gives; when it fails, the old value for as long as there is grace. */
async function loaded(wanted: Wanted, old: CacheRow | undefined): Promise<CacheValue> {
  try {
    const value = await outcomeOf(wanted, loadOnce(wanted, old && 'the load failed; the old value is answered in its grace'))
    // All who waited share one outcome, and one of them may be the cache's own.
    return value instanceof Uint8Array ? value.slice() : value
  } catch (error) {
    if (!old || wanted.signal?.aborted) throw error
    wanted.call.degrade()
    return old.value
  }
}

/** @throws CACHE_LOAD_CIRCULAR when the flight waits for the load that this is asked in. */
function outcomeOf(wanted: Wanted, flight: Flight): Promise<CacheValue> {
  const circle = circleOf(flight)
  if (circle) throw cacheError('CACHE_LOAD_CIRCULAR', { operation: `${wanted.cache.parts.binding}.remember`, circle: circle.slice(0, 10).join(' → ').slice(0, 400) })
  const outcome = joined(wanted, flight)
  noteWait(flight, outcome)
  return outcome
}

/** The outcome of the flight, for one who waits no longer than its call. */
async function joined({ cache, call, signal }: Wanted, flight: Flight): Promise<CacheValue> {
  const { binding, clock } = cache.parts
  flight.join()
  try {
    return await waitFor(flight.outcome, { operation: `${binding}.remember`, timeoutMs: call.remainingMs(), clock, signal })
  } finally {
    if (flight.leave()) cache.flights.end(flight)
  }
}

/** The load under way for the key, or a new one, whose failure is logged when there are words for it. */
function loadOnce({ cache, key, load, plan, hadOld, call }: Wanted, onFailure: string | undefined): Flight {
  const { flights, parts } = cache
  return flights.get(key) ?? flights.start(key, plan.tags, async (flight) => {
    // A load that hangs must not hold the key for ever; those who wait for it have given up by then.
    const cancel = parts.clock.after(call.remainingMs(), () => flights.end(flight))
    // After this turn, so that the flight is in place however quickly `load` answers.
    await Promise.resolve()
    try {
      return await loadAndCache({ cache, key, load, plan, hadOld, call, flight })
    } catch (error) {
      if (onFailure !== undefined) parts.log.warn({ binding: parts.binding, err: error }, onFailure)
      throw error
    } finally {
      cancel()
    }
  })
}

/** Loads behind an answer that was stale; a failure leaves the stale value. */
function renew(wanted: Wanted): void {
  if (wanted.cache.flights.get(wanted.key)) return
  joined(wanted, loadOnce(wanted, 'a stale value could not be renewed')).catch(() => undefined)
}

/** How long it has been stale. */
function ageMs({ freshMs }: CacheRow): number {
  return freshMs === null ? 0 : Math.max(0, -freshMs)
}
