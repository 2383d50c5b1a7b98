import type { Commits } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import type { FieldError } from '../../errors.ts'
import type { PathFilter } from './evaluate.ts'
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
 * Rows of a mapped table, in an order of the table's own by their ids, from after one of them on. All those for which the
 * conditions hold are among them, and maybe others: whoever asks looks into each.
 */
export interface RowsRange {
  readonly by: 'rows'
  readonly conditions: readonly PathFilter[]
  readonly after?: string
}

/** What a driver knows of a table that a collection is mapped onto. */
export interface MappedTable {
  /** Whether ranges by id are served: the table's ids are in the order of their UTF-8 bytes. */
  readonly ordersIds: boolean
  /** Whether an index of the table that the manifest names lets through fewer rows for some of these conditions. */
  narrows(conditions: readonly PathFilter[]): boolean
  /** The row as it will be kept in place of `current`, or why it cannot be: JSON pointers into the record (`/id`, `/value/total`). */
  fit(row: Row, current: Row | null): Row | { readonly unmapped: readonly FieldError[] }
  /** What a unique index of the table compares, in a record's words where it can. */
  pathsOf(index: string | undefined): string
}

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
  /** The first rows of the range, `limit` at most. Only a mapped collection is asked for a `RowsRange`. */
  scan(collection: string, range: Range | RowsRange, limit: number, call: Call): Promise<readonly Row[]>
  /** How many rows the range holds. */
  count(collection: string, range: Range | RowsRange, call: Call): Promise<number>
  /**
   * The entries as steps of the connection, a list for each, in their order. A step whose entry's condition does not hold
   * is refused with `count`, or with `unique` when a row is in the way.
   */
  steps(entries: readonly Entry[]): readonly (readonly Step[])[]
  /** Removes rows that have expired, `limit` at most; answers how many. */
  sweep(collection: string, limit: number, call: Call): Promise<number>
  /** The backend's time in milliseconds since the epoch. */
  now(call: Call): Promise<number>
  /** Of a driver with the capability `mapping`: the table of a collection that has a `mapping`. */
  mapped?(collection: string): MappedTable
}
