import type { Call } from '../../call.ts'
import type { Json } from '../../json.ts'
import type { CacheInProcess } from '../cache/index.ts'
import type { PortParts } from '../definition.ts'
import type { StorageCacheKeys } from './cache-keys.ts'
import type { Row, StorageDriver } from './driver.ts'
import type { RecordAt } from './operations.ts'

type CachedParts = Pick<PortParts<StorageDriver, { readonly cache?: StorageCacheKeys }>, 'driver' | 'keys' | 'binding' | 'log' | 'peerFace'>

/** A load of rows has them to itself for so long at most. */
const maxHoldMs = 10_000
const maxTimeoutMs = 86_400_000

/**
 * Reads by id, through the cache for the collections that say so. Only what a read of the driver answered is cached, as a
 * fill, which any write of the record ends: once a write was answered, what was read before it is not cached any more.
 * Records that expire, and that there is none, are not cached.
 * @see docs/decisions/0058-storage-is-cached-by-fills.md
 */
export interface CachedReads {
  /** As the driver's. */
  read(collection: string, ids: readonly string[], call: Call): Promise<readonly (Row | undefined)[]>
  /** Removes what was, or may have been, written; undefined when none of it is cached. */
  forget(written: readonly RecordAt[]): Promise<void> | undefined
}

export function cachedReads({ driver, keys, binding, log, peerFace }: CachedParts): CachedReads {
  const { cache } = keys
  if (!cache) return { read: (collection, ids, call) => driver.read(collection, ids, call), forget: () => undefined }

  const lives = new Map(Object.entries(cache.collections))
  // Beginning so, no caller of the cache over HTTP reads or writes it.
  const keyOf = ({ collection, id }: RecordAt) => `_${binding}/${collection}/${id}`
  /** Past the cache's policy, which might refuse what was committed; nothing while the binding is not running: an optional one may be down. */
  const through = () => peerFace?.(cache.binding) as Partial<CacheInProcess> | undefined

  const forget = async (keys: readonly string[]): Promise<void> => {
    try {
      await through()?.forget?.(keys)
    } catch (error) {
      // What was committed is committed: the record's ttl bounds how long the older one is answered.
      log.warn({ err: error, cache: cache.binding }, 'the cache could not be told of a write')
    }
  }

  return {
    async read(collection, ids, call) {
      const ttlMs = lives.get(collection)?.ttlMs
      const rememberMany = through()?.rememberMany
      if (ttlMs === undefined || !rememberMany || ids.length === 0) return driver.read(collection, ids, call)

      // The ids by their keys: `load` is asked for some of them.
      const byKey = new Map(ids.map((id) => [keyOf({ collection, id }), id]))
      const uncached = new Map<string, Row>()
      const load = async (missing: readonly string[]): Promise<readonly (Json | undefined)[]> => {
        const rows = await driver.read(collection, missing.map((key) => byKey.get(key) ?? ''), call)
        return rows.map((row, index) => {
          if (!row || row.expiresAtMs === null) return row && toCached(row)
          uncached.set(missing[index] ?? '', row)
          return undefined
        })
      }
      // As long as the read itself may take, and as a cache waits: a day at most.
      const timeoutMs = Math.max(1, Math.ceil(Math.min(call.remainingMs(), maxTimeoutMs)))
      const holdMs = Math.min(timeoutMs, maxHoldMs)
      const found = await rememberMany([...byKey.keys()], load, { ttlMs, holdMs, timeoutMs })
      const rows = new Map([...byKey].map(([key, id], index) => [id, uncached.get(key) ?? fromCached(id, found[index])]))

      // Of what no driver wrote there, nothing is believed.
      const unread = ids.filter((id) => rows.get(id) === 'broken')
      const reread = unread.length > 0 ? await driver.read(collection, unread, call) : []
      unread.forEach((id, index) => rows.set(id, reread[index]))
      return ids.map((id) => {
        const row = rows.get(id)
        return row === 'broken' ? undefined : row
      })
    },

    forget(written) {
      const cached = written.filter(({ collection }) => lives.has(collection)).map(keyOf)
      return cached.length > 0 ? forget(cached) : undefined
    },
  }
}

/** A row as the cache has it: the document stays the text that it is. */
function toCached({ version, createdAtMs, updatedAtMs, text }: Row): Json {
  return [version, createdAtMs, updatedAtMs, text]
}

function fromCached(id: string, cached: Json | undefined): Row | 'broken' | undefined {
  if (cached === undefined) return undefined
  if (!Array.isArray(cached)) return 'broken'
  const [version, createdAtMs, updatedAtMs, text] = cached as readonly unknown[]
  if (typeof version !== 'string' || typeof text !== 'string' || typeof createdAtMs !== 'number' || typeof updatedAtMs !== 'number') return 'broken'
  return { id, version, createdAtMs, updatedAtMs, text, expiresAtMs: null }
}
