import type { Cache } from './cache.ts'
import { isFresh } from './cache.ts'
import type { CacheFill, CacheValue } from './driver.ts'
import { livesOf } from './load.ts'
import type { RememberManyOptions } from './remember-options.ts'
import { callOf, planOf } from './remember-plan.ts'

/** @see CacheInProcess.rememberMany */
export async function rememberMany<T>(cache: Cache, keys: readonly string[], load: (missing: readonly string[]) => Promise<readonly (T | undefined)[]>, options: RememberManyOptions): Promise<readonly (T | undefined)[]> {
  const plan = planOf(cache, options)
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
    const fills = await Promise.all(missing.map(async (key) => call.degraded ? 'down' : cache.beginFill({ key, tags: plan.tags, holdMs: plan.holdMs, alone: true }, call)))
    const end = (index: number) => { const fill = fills[index]; if (isFill(fill)) void cache.endFill(missing[index] ?? '', fill, call) }
    let loaded: readonly (T | undefined)[]
    try {
      loaded = await load(missing)
    } catch (error) {
      missing.forEach((_, index) => end(index))
      throw error
    }
    await Promise.all(missing.map(async (key, index) => {
      // The caller's word that it is JSON or bytes; `freeze` refuses what is not.
      const value = loaded[index] as CacheValue | undefined
      const fill = fills[index]
      const lives = value === undefined ? undefined : livesOf(value, plan)
      if (!lives && isFill(fill) && olds.has(key)) await cache.drop(key, call)
      else if (!lives || !isFill(fill)) end(index)
      if (value === undefined) return
      values.set(key, lives && isFill(fill) ? (await cache.set('rememberMany', { ...lives, key, value, tags: plan.tags, fill }, call)).value : cache.freeze('rememberMany', value).value)
    }))
  }
  // The values that `load` gave for these keys: their type is the caller's word for them.
  return keys.map((key) => values.get(key) as T | undefined)
}

function isFill(fill: CacheFill | undefined | 'down'): fill is CacheFill {
  return fill !== undefined && fill !== 'down'
}
