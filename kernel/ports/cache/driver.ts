import type { Json } from '../../json.ts'
import type { Call } from '../../call.ts'

/** What may be answered at once or later; a driver in the same process answers at once, which costs no turn. */
export type Soon<T> = T | Promise<T>

/** A value on its way into the cache. */
export interface CacheWrite {
  readonly key: string
  /** A private, deeply frozen copy: a driver in the same process may keep it as it is. */
  readonly value: Json
  /** About how much memory value, key and tags take. */
  readonly sizeBytes: number
  /** How long it is fresh; null until it is evicted or deleted. */
  readonly freshMs: number | null
  /** How long after that it may still be answered as stale; 0 when `freshMs` is null. */
  readonly staleMs: number
  /** Empty unless the driver has the capability `tags`. */
  readonly tags: readonly string[]
}

/** A value as the cache has it. */
export interface CacheRow {
  /** Deeply frozen, or nobody else's: the port freezes what is not. */
  readonly value: Json
  /** How long it stays fresh, by the backend's clock: negative or 0 while it is stale, null when it never is. */
  readonly freshMs: number | null
}

/** Which entries go. */
export type CacheSelection = { readonly tags: readonly string[] } | { readonly prefix: string } | { readonly all: true }

/** The driver interface of the port `cache`. Whatever it throws becomes a miss or a no-op, and is logged by the port. */
export interface CacheDriver {
  /** The entries of `keys`, in their order; those past their stale time are not there any more. */
  read(keys: readonly string[], call: Call): Soon<readonly (CacheRow | undefined)[]>
  /** Stores or replaces. False when the value is larger than the backend takes; then nothing is left under the key. */
  write(entry: CacheWrite, call: Call): Soon<boolean>
  delete(key: string, call: Call): Soon<void>
  /** Removes what is selected; entries with at least one of the `tags`. */
  invalidate(selection: CacheSelection, call: Call): Soon<void>
}
