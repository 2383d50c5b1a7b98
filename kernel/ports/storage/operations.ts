import type { Call } from '../../call.ts'
import type { Json, JsonObject } from '../../json.ts'

/** A document with what Portico keeps beside it. Times are RFC 3339 in UTC with milliseconds. */
export interface StoredRecord {
  readonly id: string
  /** For a call with `text: true`, which only HTTP makes, a `JsonText` stands in its place. */
  readonly value: JsonObject
  /** Opaque; it never comes back for the same id, even after delete and insert. */
  readonly version: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly expiresAt?: string
}

export interface RecordAt {
  readonly collection: string
  readonly id: string
}

/** `ifVersion`: the version the record must be at; `*` means that it exists. */
export interface AtVersion extends RecordAt {
  readonly ifVersion?: string
}

export interface GetManyInput {
  readonly collection: string
  /** 100 at most. */
  readonly ids: readonly string[]
}

/** Makes a repeat safe for 24 hours: the same key with the same input changes nothing and is answered as it first was. */
export interface Repeatable {
  readonly idempotencyKey?: string
}

/** What a holder of a lock writes, it writes only while no later holder did. */
export interface Fenced {
  readonly fence?: {
    /** The lock's name, as an id. */
    readonly lock: string
    /** That of the grant. */
    readonly fencingToken: number
  }
}

export interface NewRecord {
  readonly collection: string
  /** A UUIDv7 is made when absent. */
  readonly id?: string
  readonly value: JsonObject
  readonly ttlMs?: number
}

export type InsertInput = NewRecord & Repeatable

export interface PutRecord extends AtVersion {
  readonly value: JsonObject
  readonly ttlMs?: number
  readonly ifAbsent?: boolean
}

export type PutInput = PutRecord & Fenced

export interface PatchRecord extends AtVersion {
  /** A JSON merge patch (RFC 7386). */
  readonly patch: JsonObject
}

export type PatchInput = PatchRecord & Fenced

/** A scalar, operators, or for `$and` and `$or` a list of conditions, for `$not` one; HTTP.md gives the meaning. */
export type Where = { readonly [pathOrOperator: string]: Json }

export interface FindInput {
  readonly collection: string
  readonly where?: Where
  /** Paths, descending after `-`; ties by id in the direction of the last path. */
  readonly orderBy?: readonly string[]
  /** 1 to 1,000; 50 unless set. */
  readonly limit?: number
  /** `next` of an earlier page of the same `where` and `orderBy`. */
  readonly after?: string
  readonly select?: readonly string[]
}

export interface Page {
  readonly items: readonly StoredRecord[]
  /** The cursor of the next page; null when this is the last. */
  readonly next: string | null
}

/** As `FindInput`, over the fields of a view. */
export interface FindViewInput extends Omit<FindInput, 'collection'> {
  readonly view: string
}

export interface CountInput {
  readonly collection: string
  readonly where?: Where
}

/** What a unit's commit demands without changing anything. */
export interface CheckInput extends AtVersion {
  readonly ifAbsent?: boolean
}

/** A job for a queue on the same connection; the rest is the input of that queue's `enqueue`. */
export interface EnqueueOperation {
  /** The queue's binding; `queue` unless set. */
  readonly binding?: string
  readonly [field: string]: Json | undefined
}

export type WriteOperation =
  | { readonly insert: NewRecord }
  | { readonly put: PutRecord }
  | { readonly patch: PatchRecord }
  | { readonly delete: AtVersion }
  | { readonly check: CheckInput }
  | { readonly enqueue: EnqueueOperation }

export interface WriteInput extends Repeatable, Fenced {
  readonly operations: readonly WriteOperation[]
}

export type WriteResult =
  | { readonly id: string; readonly version: string }
  | { readonly id: string }
  /** The job's id. */
  | { readonly job: string }

/**
 * Documents in collections. Every operation can stand in a unit of work (`call.unit`): a read notes the version it saw
 * and sees what the unit staged, a write is staged and checked when the unit commits.
 * @throws STORAGE_COLLECTION_NOT_FOUND from each, when the manifest declares no such collection.
 * @throws STORAGE_OUTCOME_UNKNOWN from each that writes, when the connection was lost while it was committed: it may be
 *   there or not. Read what was written, or repeat it with the same `idempotencyKey`.
 * @throws INPUT_INVALID from each, for an id, a document or a query that no backend can carry, with the place.
 */
export interface StorageOperations {
  /** @throws STORAGE_NOT_FOUND when there is none, or it has expired. */
  get(input: RecordAt, call: Call): Promise<StoredRecord>

  /** The records in the order of the ids, null for one that is not there. */
  getMany(input: GetManyInput, call: Call): Promise<{ readonly items: readonly (StoredRecord | null)[] }>

  /**
   * Adds a record; `ttlMs` counts from now by the backend's clock.
   * @throws STORAGE_ALREADY_EXISTS · STORAGE_NOT_UNIQUE · STORAGE_VALUE_INVALID · STORAGE_TOO_LARGE · STORAGE_KEY_TOO_LONG
   * @throws STORAGE_KEY_REUSED when the `idempotencyKey` came with another input before, from this as from `write`.
   */
  insert(input: InsertInput, call: Call): Promise<StoredRecord>

  /**
   * Makes the record this value, `created: true` when there was none. Without `ttlMs` it no longer expires.
   * @throws STORAGE_VERSION_CONFLICT when `ifVersion` does not hold, also where there is no record;
   *   STORAGE_ALREADY_EXISTS when `ifAbsent` does not; else as `insert`, and STORAGE_CONTENDED when other writers won until the deadline.
   * @throws LOCK_FENCED, as `patch` and `write`, when something was written with a `fence` of the same lock and a greater token.
   */
  put(input: PutInput, call: Call): Promise<StoredRecord & { readonly created: boolean }>

  /** Applies a JSON merge patch to the value and keeps when it expires. @throws STORAGE_NOT_FOUND, else as `put`. */
  patch(input: PatchInput, call: Call): Promise<StoredRecord>

  /** @throws STORAGE_NOT_FOUND · STORAGE_VERSION_CONFLICT, also where `ifVersion` meets no record. */
  delete(input: AtVersion, call: Call): Promise<{ readonly id: string }>

  /**
   * A page of the records that `where` holds for, in a total order. A page ends at `limit`, or at 8 MiB before.
   * @throws STORAGE_BAD_CURSOR when `after` belongs to another query or was altered.
   * @throws STORAGE_NEEDS_INDEX when it would examine more than the collection's `scanLimit` rows, with the index to declare.
   */
  find(input: FindInput, call: Call): Promise<Page>

  /**
   * A page of a view: what `find` answers over its collection with the view's `where` added, each value as the view
   * selects it. `where`, `orderBy` and `select` name the view's fields; the collection's indexes serve it.
   * @throws STORAGE_VIEW_NOT_FOUND when the manifest declares no such view; INPUT_INVALID for a name it does not have; else as `find`.
   */
  findView(input: FindViewInput, call: Call): Promise<Page>

  /** How many records `where` holds for; all without it. @throws STORAGE_NEEDS_INDEX as `find`. */
  count(input: CountInput, call: Call): Promise<{ readonly count: number }>

  /**
   * Applies up to 1,000 operations in order, all or none; later ones see earlier ones. One result for each.
   * A failure has the code of the operation that failed, and `errors[0].path` names it: `/operations/3`.
   * @throws UNIT_OF_WORK_FOREIGN when a job's queue does not stand on the same connection.
   */
  write(input: WriteInput, call: Call): Promise<{ readonly results: readonly WriteResult[] }>
}

export interface UnitOptions {
  /** For all attempts together; 30,000 ms unless set. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}
