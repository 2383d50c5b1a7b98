import { kernelError } from '../../errors.ts'
import { type Cache, isFresh } from './cache.ts'
import type { CacheFill, CacheValue } from './driver.ts'
import { loadRefused } from './loaded.ts'
import { livesOf } from './load.ts'
import { LoadSignal } from './load-signal.ts'
import type { OwnCall } from './own-call.ts'
import type { RememberManyOptions, LoadManyContext } from './remember-options.ts'
import { callOf, planOf, refuseKeys, type RememberPlan } from './remember-plan.ts'
import { waitFor } from './waiting.ts'

type LoadMany = (missing: readonly string[], context: LoadManyContext) => Promise<readonly unknown[]>

/** The keys that the cache does not have, and what they are to be loaded with. */
interface Missing {
  readonly cache: Cache
  readonly keys: readonly string[]
  /** Those of which the cache has an older value. */
  readonly olds: ReadonlySet<string>
  readonly load: LoadMany
  readonly plan: RememberPlan
  readonly call: OwnCall
  readonly signal: AbortSignal | undefined
}

/** What was loaded for one key, and where it stands in what the load gave. */
interface Loaded {
  readonly key: string
  readonly at: string
  readonly given: unknown
  readonly fill: CacheFill | undefined
}

/** @see CacheInProcess.rememberMany */
export async function rememberMany<T>(cache: Cache, keys: readonly string[], load: LoadMany, options: RememberManyOptions): Promise<readonly (T | undefined)[]> {
  const plan = planOf(cache, 'rememberMany', load, options)
  refuseKeys(cache, keys)
  const { signal } = options
  if (signal?.aborted) throw kernelError('CALL_ABORTED', { operation: `${cache.parts.binding}.rememberMany` })
  const call = callOf(options, cache.parts.clock)
  const rows = await cache.readMany('rememberMany', keys, call)
  const values = new Map<string, CacheValue>()
  const olds = new Set<string>()
  keys.forEach((key, index) => {
    const row = rows[index]
    if (row && isFresh(row)) values.set(key, row.value)
    else if (row) olds.add(key)
  })

  const missing = [...new Set(keys.filter((key) => !values.has(key)))]
  if (missing.length > 0) {
    const loaded = await loadMissing({ cache, keys: missing, olds, load, plan, call, signal })
    missing.forEach((key, index) => {
      const value = loaded[index]
      if (value !== undefined) values.set(key, value)
    })
  }
  // The values that `load` gave for these keys: their type is the caller's word for them.
  return keys.map((key) => values.get(key) as T | undefined)
}

/** What the load gives for the keys, in their order; cached unless a key has changed meanwhile. */
async function loadMissing(missing: Missing): Promise<readonly (CacheValue | undefined)[]> {
  const { cache, keys, plan, call } = missing
  const fills = await Promise.all(keys.map(async (key) => {
    const fill = call.degraded ? 'down' : await cache.beginFill({ key, tags: plan.tags, holdMs: plan.holdMs, alone: true }, call)
    return fill === 'down' ? undefined : fill
  }))
  try {
    const loaded = await loadList(missing)
    // All of them, so that after the answer nothing is written any more.
    const kept = await Promise.allSettled(keys.map(async (key, index) => keep(missing, { key, at: `/${index}`, given: loaded[index], fill: fills[index] })))
    return kept.map((one) => {
      if (one.status === 'rejected') throw one.reason
      return one.value
    })
  } catch (error) {
    // Those that were stored are closed, and closing them again does nothing.
    await Promise.all(keys.map(async (key, index) => { const fill = fills[index]; if (fill) await cache.endFill(key, fill, call) }))
    throw error
  }
}

async function loadList({ cache, keys, load, call, signal }: Missing): Promise<readonly unknown[]> {
  const operation = `${cache.parts.binding}.rememberMany`
  const told = new LoadSignal()
  const context = { get signal() { return told.signal } }
  let settled = false
  // What `load` throws at once, too, is what waiting for it throws.
  const outcome = (async () => load(keys, context))().finally(() => { settled = true })
  try {
    const loaded: unknown = await waitFor(outcome, { operation, timeoutMs: call.remainingMs(), clock: cache.parts.clock, signal })
    if (!Array.isArray(loaded)) throw loadRefused(operation, { path: '', message: 'must be a list of values, one for each key that it was given' }, loaded)
    if (loaded.length === keys.length) return loaded as readonly unknown[]
    throw loadRefused(operation, { path: '', message: `must have ${keys.length} values, one for each key that it was given, and has ${loaded.length}` }, loaded)
  } finally {
    if (!settled) told.abort()
  }
}

/** Caches one value, and answers it as it is cached. */
async function keep({ cache, olds, plan, call }: Missing, { key, at, given, fill }: Loaded): Promise<CacheValue | undefined> {
  // The caller's word that it is JSON or bytes; what is not is refused when it is copied.
  const value = given as CacheValue | undefined
  const lives = value === undefined ? undefined : livesOf(value, plan)
  if (fill && value !== undefined && lives) return (await cache.set('rememberMany', { ...lives, key, value, tags: plan.tags, fill, at }, call)).value
  // There is nothing any more: the older value must not come back.
  if (fill && olds.has(key)) await cache.drop(key, call)
  else if (fill) void cache.endFill(key, fill, call)
  return value === undefined ? undefined : cache.freezeLoaded('rememberMany', value, at)
}
