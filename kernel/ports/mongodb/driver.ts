import type { Commits, Refusal } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'

/** A document: JSON values, and Dates, which BSON keeps to the millisecond. Field names of the top level have no dot and no `$`. */
export interface MongoDocument {
  readonly _id: string
  readonly [field: string]: unknown
}

/** A filter in MongoDB's own language. It comes from drivers alone, never from a caller. */
export type MongoFilter = Readonly<Record<string, unknown>>

/** Which one document a step means. */
export interface MongoTarget {
  readonly collection: string
  readonly filter: MongoFilter
  /** A document is not there once the date in this field has passed by the server's clock; without the field it stays. */
  readonly unexpired?: string
}

/** One step of a batch. A step with a filter demands that exactly one document matches, and is refused with `count`. */
export type MongoStep =
  /** Refused with `unique` where the id, or a value of a unique index, is taken. */
  | { readonly do: 'insert'; readonly collection: string; readonly document: MongoDocument }
  /** Puts the whole document in place of the one that matches; refused with `unique` as `insert` is. */
  | (MongoTarget & { readonly do: 'replace'; readonly document: MongoDocument })
  | (MongoTarget & { readonly do: 'delete' })
  /** Changes nothing: the document is there when the batch commits. */
  | (MongoTarget & { readonly do: 'demand' })
  /** Changes nothing: no document has this id when the batch commits, or it is refused with `unique`. */
  | { readonly do: 'demandNone'; readonly collection: string; readonly id: string }

export interface MongoFind {
  readonly sort?: Readonly<Record<string, 1 | -1>>
  readonly limit?: number
  /** The name of the index to use, so that the server's planner has no say. */
  readonly index?: string
  /** The fields that are wanted; all unless set. */
  readonly only?: readonly string[]
}

/** A look for the first document in an order. No index can be named: the filter and the order are of one field, and that has an index. */
export interface MongoLook {
  readonly collection: string
  readonly filter: MongoFilter
  readonly sort?: Readonly<Record<string, 1 | -1>>
  /** The fields that are wanted, and the id. */
  readonly only: readonly string[]
}

/** What becomes of the fields of one document; the others stay. */
export interface MongoFields {
  readonly set: Readonly<Record<string, unknown>>
  readonly unset?: readonly string[]
}

/** A change of the one document that matches. */
export interface MongoChange extends MongoFields {
  readonly filter: MongoFilter
}

/** An ascending index on one field; documents that lack the field are not in it, also where it is unique. */
export interface MongoIndex {
  readonly name: string
  readonly field: string
  readonly unique: boolean
}

/**
 * The driver interface of the inner port `mongodb`: one database. Reads are of the primary, and see what a majority has;
 * a write is answered when a majority has it in its journal. Strings are ordered by their bytes.
 * @throws DATABASE_UNAVAILABLE · DATABASE_POOL_EXHAUSTED · DATABASE_BUSY · DATABASE_FULL · DATABASE_FAILED from each,
 *   DATABASE_OUTCOME_UNKNOWN from each that writes.
 */
export interface MongoConnection extends Commits<MongoStep> {
  /**
   * Whether several steps can be committed together. Without it a batch of more than one step is refused
   * (DATABASE_NO_TRANSACTIONS).
   */
  readonly hasTransactions: boolean
  /** One document by its id. */
  get(collection: string, id: string, call: Call): Promise<MongoDocument | undefined>
  find(collection: string, filter: MongoFilter, find: MongoFind, call: Call): Promise<readonly MongoDocument[]>
  /** The first document of each look, undefined where there is none: in one round trip, yet each look on its own. */
  firsts(looks: readonly MongoLook[], call: Call): Promise<readonly (MongoDocument | undefined)[]>
  /** How many documents match; `index` as in `find`. */
  count(collection: string, filter: MongoFilter, index: string | undefined, call: Call): Promise<number>
  /**
   * Each document on its own, in their order, until one is refused as a step `insert` is: the refusal tells which, and those before it are there.
   */
  insert(collection: string, documents: readonly MongoDocument[], call: Call): Promise<Refusal | undefined>
  /** Each change on its own, in any order; one that matches nothing is left out. */
  change(collection: string, changes: readonly MongoChange[], call: Call): Promise<void>
  /** Removes what matches, each document on its own; answers how many. */
  remove(collection: string, filter: MongoFilter, call: Call): Promise<number>
  /** The names of the collection's indexes without that of the ids; undefined when there is no such collection. */
  indexes(collection: string, call: Call): Promise<readonly string[] | undefined>
  /**
   * Makes an index, and the collection where it is not there; writers go on while it is built. One that is there stays.
   * Answers undefined when it is there, and a value that two documents have, as far as the server tells it, when it is unique
   * and cannot be.
   */
  createIndex(collection: string, index: MongoIndex, call: Call): Promise<{ readonly value: unknown } | undefined>
  dropIndex(collection: string, name: string, call: Call): Promise<void>
  /** Removes a collection with all that is in it; one that is not there is no error. */
  drop(collection: string, call: Call): Promise<void>
  /** The server's time in milliseconds since the epoch, as far as half a round trip lets it be known. */
  now(call: Call): Promise<number>
  /**
   * Runs `body` while no other replica, and nobody else here, holds `name`; the lock of one that crashed or stalls is free
   * after 15 s, so what `body` does must bear being done twice. Not reentrant.
   * @throws DATABASE_BUSY when it did not come free within the call's deadline.
   */
  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T>
}
