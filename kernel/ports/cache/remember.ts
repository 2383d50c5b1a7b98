import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import { kernelError, unsupported } from '../../errors.ts'
import { badTags } from './keys.ts'
import type { Cache } from './cache.ts'
import type { CacheValue } from './driver.ts'
import { maxTtlMs, type RememberOptions } from './operations.ts'

const defaultTimeoutMs = 30_000
const noOptions: RememberOptions = {}

/** @see CacheInProcess.remember */
export async function remember<T>(cache: Cache, key: string, load: () => T | Promise<T>, options: RememberOptions = noOptions): Promise<T> {
  if (options !== noOptions) refuseOptions(cache, options)
  const call = callOf(options, cache.parts.clock)
  const hit = await cache.get(key, call)
  // The value that `load` gave for this key, frozen: its type is the caller's word for it.
  if (hit && !hit.stale) return hit.value as T
  if (hit) {
    renew(cache, key, load, options)
    return hit.value as T
  }

  const value = await within(call, cache, loadOnce(cache, key, load, options, call))
  // All who waited share one outcome, and one of them may be the cache's own.
  return (value instanceof Uint8Array ? value.slice() : value) as T
}

/** The outcome of the load under way for the key, or of a new one. */
function loadOnce(cache: Cache, key: string, load: () => unknown, options: RememberOptions, call: Call): Promise<unknown> {
  const { flights, parts } = cache
  const under = flights.get(key)
  if (under) return under.outcome

  const flight = flights.start(key, async (isCurrent) => {
    // A load that hangs must not hold the key for ever; those who wait for it have given up by then.
    const cancel = parts.clock.after(call.remainingMs(), () => isCurrent() && flights.outdate(key))
    // After this turn, so that the flight is in place however quickly `load` answers.
    await Promise.resolve()
    try {
      return await fill(cache, key, load, options, call, isCurrent)
    } finally {
      cancel()
    }
  })
  return flight ? flight.outcome : Promise.resolve().then(async () => cache.freeze('remember', (await load()) as CacheValue).value)
}

/** Loads, and caches what came unless the key has changed meanwhile, here or in another replica. */
async function fill(cache: Cache, key: string, load: () => unknown, options: RememberOptions, call: Call, isCurrent: () => boolean): Promise<unknown> {
  const holdMs = Math.max(1, Math.ceil(call.remainingMs()))
  const fill = await cache.beginFill({ key, tags: options.tags ?? [], holdMs, alone: false }, call)
  let value: CacheValue
  try {
    value = (await load()) as CacheValue
  } catch (error) {
    if (fill) void cache.endFill(key, fill, call)
    throw error
  }
  if (!fill || !isCurrent()) return cache.freeze('remember', value).value
  return (await cache.set('remember', { ...options, key, value, fill }, call)).value
}

/** Loads behind an answer that was stale; a failure leaves the stale value and is logged. */
function renew(cache: Cache, key: string, load: () => unknown, options: RememberOptions): void {
  if (cache.flights.get(key)) return
  const call = callOf({ ...options, onDegraded: () => undefined }, cache.parts.clock)
  loadOnce(cache, key, load, options, call).catch((error: unknown) => {
    cache.parts.log.warn({ binding: cache.parts.binding, err: error }, 'a stale value could not be renewed')
  })
}

function within(call: Call, cache: Cache, outcome: Promise<unknown>): Promise<unknown> {
  const timeoutMs = call.remainingMs()
  return new Promise((resolve, reject) => {
    const cancel = cache.parts.clock.after(timeoutMs, () => {
      reject(kernelError('CALL_DEADLINE_EXCEEDED', { operation: `${cache.parts.binding}.remember`, timeoutMs }))
    })
    outcome.then(resolve, reject).finally(cancel)
  })
}

function refuseOptions(cache: Cache, { ttlMs, staleMs, timeoutMs, tags }: RememberOptions): void {
  refuseMs(cache, 'ttlMs', ttlMs, 1)
  refuseMs(cache, 'staleMs', staleMs, 0)
  refuseMs(cache, 'timeoutMs', timeoutMs, 1)
  if (tags === undefined) return
  if (!cache.parts.capabilities.has('tags')) throw unsupported('cache', { binding: cache.parts.binding, what: 'remember with tags', capability: 'tags' })
  cache.refuse('remember', badTags(tags))
}

function refuseMs(cache: Cache, name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= maxTtlMs)) return
  cache.refuse('remember', { path: `/${name}`, message: `must be an integer from ${least} to ${maxTtlMs}` })
}

/** `remember` takes a function, so it is no operation and has no call of the binding's. */
function callOf({ timeoutMs = defaultTimeoutMs, onDegraded }: RememberOptions, clock: Clock): Call {
  const endsAtMs = clock.now() + timeoutMs
  let controller: AbortController | undefined
  let degraded = false

  return {
    get signal() {
      return (controller ??= new AbortController()).signal
    },
    remainingMs: () => Math.max(0, endsAtMs - clock.now()),
    traceId: '',
    text: false,
    degrade() {
      if (!degraded) onDegraded?.()
      degraded = true
    },
  }
}
