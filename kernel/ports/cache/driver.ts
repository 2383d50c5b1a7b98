import type { Json } from '../../json.ts'
import type { Call } from '../../call.ts'

/** What may be answered at once or later; a driver in the same process answers at once, which costs no turn. */
export type Soon<T> = T | Promise<T>

/** What a cache keeps: any JSON, or bytes. */
export type CacheValue = Json | Uint8Array

/** A value on its way into the cache. */
export interface CacheWrite {
  readonly key: string
  /** A private copy, JSON deeply frozen: a driver in the same process may keep it as it is. */
  readonly value: CacheValue
  /** About how much memory value, key and tags take. */
  readonly sizeBytes: number
  /** How long it is fresh, in whole milliseconds; null until it is evicted or deleted. */
  readonly freshMs: number | null
  /** How long after that it may still be answered as stale; 0 when `freshMs` is null. */
  readonly staleMs: number
  /** How long it may be answered at all, however long it is fresh: for a copy that is to be looked up anew by then. */
  readonly keepMs?: number
  /** Empty unless the driver has the capability `tags`. */
  readonly tags: readonly string[]
  /**
   * Stored only while this fill is open. Without one the value is stored in any case.
   * What is in `tags` and was not told when the fill began does not end it.
   */
  readonly fill?: CacheFill | undefined
}

/** A value as the cache has it. */
export interface CacheRow {
  /** JSON that is deeply frozen, or nobody else's: the port freezes what is not. Bytes are nobody else's. */
  readonly value: CacheValue
  /** How long it stays fresh, by the backend's clock: negative or 0 while it is stale, null when it never is. */
  readonly freshMs: number | null
  /** The tags that it was written with, for who keeps a copy; may be left out where it has none. */
  readonly tags?: readonly string[]
}

/** Which entries go. */
export type CacheSelection = { readonly tags: readonly string[] } | { readonly prefix: string } | { readonly all: true }

/** A fill that has begun: a read of the truth whose outcome shall be cached unless something changes meanwhile. */
export interface CacheFill {
  /** Whatever the driver knows it by; no fill ever has the token of another one. */
  readonly token: string
}

export interface CacheFillWant {
  readonly key: string
  /** Empty unless the driver has the capability `tags`. */
  readonly tags: readonly string[]
  /** How long the fill stays open at most, by the backend's clock; a whole number, at least 1. */
  readonly holdMs: number
  /** Whether it shall be the only one of its kind in all replicas. */
  readonly alone: boolean
}

/**
 * Messages to every driver of this binding on the same backend, in whatever process: this one hears its own, too. Lossy.
 */
export interface CacheSignals {
  send(text: string): void
  /** Hears each message from when it is told undefined, and undefined again when there may be some that it did not hear. Answers what ends it. */
  on(listener: (text: string | undefined) => void): () => void
}

/**
 * The driver interface of the port `cache`. Whatever it throws becomes a miss or a no-op, and is logged by the port.
 *
 * A fill is open from `beginFill` until `holdMs` are over, the key is written or deleted, an invalidation selects it (by
 * `all`, by a prefix of the key, by one of the fill's tags), or it is ended. A backend that many replicas share keeps several
 * fills of a key open, or they would end one another for as long as they all load. All of this is decided by the backend in
 * the order in which it does things, for all replicas. A fill that the backend has forgotten (evicted, flushed, restarted, one
 * of too many) is closed: in doubt a value is not stored.
 */
export interface CacheDriver {
  /**
   * The entries of `keys`, in their order; those past their stale time are not there any more. Of several that are large together
   * it may answer the first alone, one at least: who wants the others asks again.
   */
  read(keys: readonly string[], call: Call): Soon<readonly (CacheRow | undefined)[]>
  /**
   * Stores or replaces, and closes the key's fill. False when `fill` is given and not open, and nothing is changed then;
   * false, too, when the value is larger than the backend takes, and nothing is left under the key then.
   */
  write(entry: CacheWrite, call: Call): Soon<boolean>
  /** Removes the entry and closes the key's fill, whether or not there is an entry. */
  delete(key: string, call: Call): Soon<void>
  /** Removes what is selected, entries with at least one of the `tags`; closes the fills that are selected. */
  invalidate(selection: CacheSelection, call: Call): Soon<void>
  /**
   * Opens a fill, beside an earlier one of the key or in its place; the entry that is there stays. With `alone`: undefined, and
   * nothing changed, while a fill of the key that was begun with `alone` is open.
   */
  beginFill(want: CacheFillWant, call: Call): Soon<CacheFill | undefined>
  /** Closes this fill if it is open, so that the next may begin at once. */
  endFill(key: string, fill: CacheFill, call: Call): Soon<void>
  /** For the copies that processes keep of what is here; a backend that carries no messages leaves it out. */
  readonly signals?: CacheSignals
  /** Of a driver in the same process: JSON that it answers is the very value that it was given, and frozen as that was. */
  readonly keepsValues?: boolean
  /** Of a driver that answers some reads without its backend: what is left of it while the backend is down. */
  readonly copies?: CacheCopies
}

/** What this process has of entries of the backend. */
export interface CacheCopies {
  /** The copies of the keys, in their order; the backend is not asked. */
  read(keys: readonly string[], call: Call): Soon<readonly (CacheRow | undefined)[]>
  /** Ends the copies of what was changed, or may have been, while the backend could not be told. */
  drop(change: CacheSelection | { readonly key: string }, call: Call): Soon<void>
}
