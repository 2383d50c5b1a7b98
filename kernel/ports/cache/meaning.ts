import type { Meaning } from '../definition.ts'
import { Cache, type CacheParts } from './cache.ts'
import { decode } from './encoding.ts'
import type { CacheInProcess, CacheOperations } from './operations.ts'
import { rememberMany } from './remember-many.ts'
import { remember } from './remember.ts'

/** The operations of the port and what it offers in process. */
export function implementCache(parts: CacheParts): Meaning<CacheOperations> & CacheInProcess {
  const cache = new Cache(parts)

  return {
    get: ({ key }, call) => cache.get(key, call),
    getMany: async ({ keys }, call) => ({ items: await cache.getMany(keys, call) }),
    async set(input, call) {
      const value = input.encoding === undefined ? input.value : decode(input.value)
      if (value === undefined) throw cache.invalid('set', { path: '/value', message: 'must be base64 with padding' })
      cache.flights.outdate(input.key)
      const { stored } = await cache.set('set', { ...input, value }, call)
      return { stored }
    },
    async delete({ key }, call) {
      await cache.delete(key, call)
      return {}
    },
    async invalidate(input, call) {
      await cache.invalidate(input, call)
      return {}
    },
    rememberMany: (keys, load, options = {}) => rememberMany(cache, keys, load, options),
    remember: (key, load, options) => remember(cache, key, load, options),
  }
}
