import type { CallOptions } from '../../call.ts'
import type { JsonObject } from '../../json.ts'

/** A record as it goes from one backend to another: all of it but its version, which every backend makes anew. */
export interface PortableRecord {
  readonly id: string
  readonly value: JsonObject
  /** Times are RFC 3339 in UTC with milliseconds. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly expiresAt?: string
}

export interface ExportInput {
  readonly collection: string
  /** `next` of the page before. */
  readonly after?: string
}

export interface ExportPage {
  readonly records: readonly PortableRecord[]
  /** The last id of the page; null when nothing follows. */
  readonly next: string | null
}

/** What becomes of a record whose id is there already: the import fails, it is left, or it is replaced. */
export type OnConflict = 'fail' | 'skip' | 'replace'

export interface ImportInput {
  readonly collection: string
  /** 1,000 at most, no two with one id. */
  readonly records: readonly PortableRecord[]
  /** `fail` unless set. */
  readonly onConflict?: OnConflict
  /** A record that is there with the same value and times counts as done, whatever `onConflict` says. */
  readonly resume?: boolean
}

/** What became of the records of an import; together they are all of them. */
export interface ImportCounts {
  readonly added: number
  readonly replaced: number
  /** There already, and left as they were. */
  readonly skipped: number
  /** There already and the same; only with `resume`. */
  readonly same: number
  /** Expired by the backend's clock, and so left out. */
  readonly expired: number
}

export type TransferOptions = Pick<CallOptions, 'timeoutMs' | 'signal'>

/**
 * In and out, for who owns the backend: an import makes records with the times that it is given, which no caller over HTTP may.
 */
export interface StorageTransfers {
  /**
   * The records of a collection in the order of their ids, about 2 MiB a page. A page is of one moment, the pages are not: a
   * record that is there all the while comes exactly once, one that is added or removed meanwhile may come or not.
   * @throws STORAGE_COLLECTION_NOT_FOUND
   */
  exportRecords(input: ExportInput, options?: TransferOptions): Promise<ExportPage>

  /**
   * Refuses what `importRecords` would refuse without looking at the backend.
   * @throws INPUT_INVALID · STORAGE_COLLECTION_NOT_FOUND · STORAGE_VALUE_INVALID · STORAGE_TOO_LARGE · STORAGE_KEY_TOO_LONG
   */
  checkRecord(input: { readonly collection: string; readonly record: PortableRecord }): void

  /**
   * Adds the records with their ids and times, durable when answered; each gets a new version. All or none, but where the
   * backend has no units of work: there each by itself, and a failure leaves those before it.
   * A failure has the code of the record that failed, and `errors[0].path` names it as in a `write`: `/operations/3`.
   * @throws STORAGE_ALREADY_EXISTS when an id is there and `onConflict` is `fail`; STORAGE_NOT_UNIQUE; else as `checkRecord`.
   */
  importRecords(input: ImportInput, options?: TransferOptions): Promise<ImportCounts>
}
