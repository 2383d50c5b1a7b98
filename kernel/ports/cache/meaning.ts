import type { Meaning } from '../definition.ts'
import { Cache, type CacheParts } from './cache.ts'
import { decode } from './encoding.ts'
import { isReserved } from './keys.ts'
import type { CacheInProcess, CacheOperations } from './operations.ts'
import { ownCall } from './own-call.ts'
import { rememberMany } from './remember-many.ts'
import { remember } from './remember.ts'

/** Longer than any backend is waited for. */
const forgetMs = 60_000

/** The operations of the port and what it offers in process. */
export function implementCache(parts: CacheParts): Meaning<CacheOperations> & CacheInProcess {
  const cache = new Cache(parts)
  const open = (operation: string, key: string, path = '/key') => {
    if (isReserved(key)) throw cache.invalid(operation, { path, message: 'must not start with _' })
  }

  return {
    get({ key }, call) {
      open('get', key)
      return cache.get(key, call)
    },
    async getMany({ keys }, call) {
      keys.forEach((key, index) => { open('getMany', key, `/keys/${index}`) })
      return { items: await cache.getMany(keys, call) }
    },
    async set(input, call) {
      open('set', input.key)
      const value = input.encoding === undefined ? input.value : decode(input.value)
      if (value === undefined) throw cache.invalid('set', { path: '/value', message: 'must be base64 with padding' })
      cache.flights.outdate(input.key)
      const { stored } = await cache.set('set', { ...input, value }, call)
      return { stored }
    },
    async delete({ key }, call) {
      open('delete', key)
      await cache.delete(key, call)
      return {}
    },
    async invalidate(input, call) {
      await cache.invalidate(input, call)
      return {}
    },
    async forget(keys) {
      const call = ownCall(parts.clock, forgetMs)
      await Promise.all(keys.map((key) => cache.delete(key, call)))
    },
    rememberMany: (keys, load, options = {}) => rememberMany(cache, keys, load, options),
    remember: (key, load, options) => remember(cache, key, load, options),
  }
}
