import type { Call } from '../../../call.ts'
import type { Collection, Index } from '../collections.ts'

/** What a backend has for one collection: its place, as it was found. Keys and indexes by the names of `keyName`. */
export interface FoundPlace {
  /** The keys that rows have room for. */
  readonly keys: readonly string[]
  /** The keys that have an index, which also says that every row has them. */
  readonly indexes: readonly string[]
  /** Whether expired rows are found by an index. */
  readonly findsExpired: boolean
}

/** One step from what a backend has to what the manifest says. */
export type StructureChange =
  /** The place with all its keys and indexes: it is empty. */
  | { readonly do: 'make-place'; readonly collection: Collection }
  | { readonly do: 'make-expiry-index'; readonly collection: Collection }
  | { readonly do: 'add-keys'; readonly collection: Collection; readonly indexes: readonly Index[] }
  | KeyFilling
  /** After its keys are filled. */
  | { readonly do: 'make-index'; readonly collection: Collection; readonly index: Index }
  /** Of an index that the manifest no longer has: nobody writes its keys any more. */
  | { readonly do: 'drop-index'; readonly collection: Collection; readonly key: string }
  | StructureRemoval

export interface KeyFilling {
  readonly do: 'fill-keys'
  readonly collection: Collection
  readonly indexes: readonly Index[]
}

/** What is only done when the owner said so. */
export type StructureRemoval =
  /** The keys of indexes that are gone. */
  | { readonly do: 'drop-keys'; readonly collection: Collection; readonly keys: readonly string[] }
  /** All records of a collection that the manifest no longer has. */
  | { readonly do: 'drop-place'; readonly name: string }

/** One batch of keys: how many rows were looked at, how many lacked theirs, and the id to go on after unless it was the last. */
export interface Filled {
  readonly examined: number
  readonly written: number
  readonly last?: string
}

/**
 * The part of a driver that makes and changes what records are kept in; a backend that needs nothing made has none. Each change
 * bears being done twice, for a crash may come between a change and the next look.
 */
export interface StorageStructure {
  /** @throws STORAGE_TABLE_FOREIGN for another program's table of that name. */
  look(collection: Collection, call: Call): Promise<FoundPlace | undefined>
  /** How many rows a collection has, declared or no longer; undefined when it has no place. */
  count(name: string, call: Call): Promise<number | undefined>
  /** What the change runs on the backend, in its language; what none can run by hand as a comment, after `--`. */
  statements(change: StructureChange): readonly string[]
  /**
   * Makes one change; while it runs, others read and write.
   * @throws STORAGE_INDEX_NOT_FILLED with the ids, when a unique index finds the same values twice.
   */
  apply(change: Exclude<StructureChange, KeyFilling>, call: Call): Promise<void>
  /**
   * Sees to the keys of the rows after the id, a batch: where they are not what the record has, they are written, while the row is
   * as it was read. Expired rows are removed first: they must not break what is unique.
   * @throws STORAGE_INDEX_NOT_FILLED with the id of a record that the index cannot hold.
   */
  fill(filling: KeyFilling, after: string | undefined, call: Call): Promise<Filled>
  /** Runs `body` while no other replica holds `name`; a crash frees it. @throws DATABASE_BUSY */
  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T>
}
