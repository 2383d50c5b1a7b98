import type { Commits } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import type { StorageStructure } from './migrations/structure.ts'

/** A record as a backend keeps it. */
export interface Row {
  readonly id: string
  /** The document as JSON text. */
  readonly text: string
  readonly version: string
  /** Instants in milliseconds since the epoch. */
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly expiresAtMs: number | null
}

/** A row with its keys: one for each index of the collection, in their order; null where a unique index does not hold it. */
export interface KeyedRow extends Row {
  readonly keys: readonly (Uint8Array | null)[]
}

/** What must hold of the record for its entry to apply: none is there, one is there, or one at this version. */
export type Condition = 'absent' | 'present' | { readonly version: string }

/** One step of a batch: a condition on one record, and what becomes of it (`null` removes it, undefined leaves it). */
export interface Entry {
  readonly collection: string
  readonly id: string
  readonly when: Condition
  readonly write?: KeyedRow | null
}

/** One end of a range; `open` leaves the value itself out. */
export interface Bound<V extends string | Uint8Array> {
  readonly value: V
  readonly open: boolean
}

/**
 * Rows in the order of their ids (as UTF-8 bytes) or of one index's keys (as bytes), ascending unless `reverse`.
 * Rows whose key is null are not in it.
 */
export type Range =
  | { readonly by: 'id'; readonly lower?: Bound<string>; readonly upper?: Bound<string>; readonly reverse: boolean }
  | { readonly by: number; readonly lower?: Bound<Uint8Array>; readonly upper?: Bound<Uint8Array>; readonly reverse: boolean }

/**
 * What a backend must do for storage. A record that has expired by the backend's clock is not there for any of these,
 * but its row may still stand in the way of an insert until `sweep` took it.
 */
export interface StorageDriver<Step = unknown> {
  /** What applies steps: the connection. Units of work join by its identity. */
  readonly commits: Commits<Step>
  /** What its records are kept in; absent where nothing need be made. */
  readonly structure?: StorageStructure
  /** The rows in the order of the ids. */
  read(collection: string, ids: readonly string[], call: Call): Promise<readonly (Row | undefined)[]>
  /** The first rows of the range, `limit` at most. */
  scan(collection: string, range: Range, limit: number, call: Call): Promise<readonly Row[]>
  /** How many rows the range holds. */
  count(collection: string, range: Range, call: Call): Promise<number>
  /**
   * The entries as steps of the connection, a list for each, in their order. A step whose entry's condition does not hold
   * is refused with `count`, or with `unique` when a row is in the way.
   */
  steps(entries: readonly Entry[]): readonly (readonly Step[])[]
  /** Removes rows that have expired, `limit` at most; answers how many. */
  sweep(collection: string, limit: number, call: Call): Promise<number>
  /** The backend's time in milliseconds since the epoch. */
  now(call: Call): Promise<number>
}
