import type { Clock, Commits, Refusal } from '../../kernel/plugin.ts'
import { type Collection, type Entry, type Range, type Row, storageError, type StorageDriver } from '../../kernel/ports/storage/index.ts'
import { type Kept, KeptRows, toKept } from './kept-rows.ts'

interface Settings {
  readonly binding: string
  readonly collections: readonly Collection[]
  readonly maxSizeBytes: number
  readonly clock: Clock
}

/** What a commit did to one record. */
interface Done {
  readonly rows: KeptRows
  readonly before: Kept | undefined
  readonly after: Kept | undefined
}

/** Storage in the memory of this process. A commit runs in one go, so nobody sees half of it. */
export class MemoryStorage implements StorageDriver<Entry>, Commits<Entry> {
  readonly #binding: string
  readonly #rows: ReadonlyMap<string, KeptRows>
  readonly #maxSizeBytes: number
  readonly #clock: Clock
  #sizeBytes = 0

  constructor({ binding, collections, maxSizeBytes, clock }: Settings) {
    this.#binding = binding
    this.#rows = new Map(collections.map((collection) => [collection.name, new KeptRows(collection)]))
    this.#maxSizeBytes = maxSizeBytes
    this.#clock = clock
  }

  get commits(): this {
    return this
  }

  /** What the documents and their keys take, in bytes. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async read(collection: string, ids: readonly string[]): Promise<readonly (Row | undefined)[]> {
    const rows = this.#at(collection)
    return ids.map((id) => this.#live(rows, id)?.row)
  }

  async scan(collection: string, range: Range, limit: number): Promise<readonly Row[]> {
    const found: Row[] = []
    for (const kept of this.#at(collection).within(range)) {
      if (found.length >= limit) break
      if (!this.#hasExpired(kept)) found.push(kept.row)
    }
    return found
  }

  async count(collection: string, range: Range): Promise<number> {
    let count = 0
    for (const kept of this.#at(collection).within(range)) if (!this.#hasExpired(kept)) count++
    return count
  }

  steps(entries: readonly Entry[]): readonly (readonly Entry[])[] {
    return entries.map((entry) => [entry])
  }

  async commit(entries: readonly Entry[]): Promise<Refusal | undefined> {
    const outcome = this.#tryAll(entries)
    if (outcome !== 'full') return outcome

    this.#sweepAll()
    const again = this.#tryAll(entries)
    if (again === 'full') throw storageError('STORAGE_FULL', { binding: this.#binding, maxBytes: this.#maxSizeBytes })
    return again
  }

  async sweep(collection: string, limit: number): Promise<number> {
    const rows = this.#at(collection)
    const expired = rows.expired(this.#clock.now(), limit)
    for (const kept of expired) this.#replace(rows, kept, undefined)
    return expired.length
  }

  async now(): Promise<number> {
    return this.#clock.now()
  }

  close(): void {
    for (const rows of this.#rows.values()) rows.clear()
    this.#sizeBytes = 0
  }

  #at(collection: string): KeptRows {
    const rows = this.#rows.get(collection)
    if (!rows) throw new RangeError(`no collection ${collection}`)
    return rows
  }

  #live(rows: KeptRows, id: string): Kept | undefined {
    const kept = rows.get(id)
    return kept && !this.#hasExpired(kept) ? kept : undefined
  }

  #hasExpired({ row }: Kept): boolean {
    return row.expiresAtMs !== null && row.expiresAtMs <= this.#clock.now()
  }

  /** Applies all entries or none. */
  #tryAll(entries: readonly Entry[]): Refusal | 'full' | undefined {
    const sizeBytes = this.#sizeBytes
    const done: Done[] = []
    for (const [step, entry] of entries.entries()) {
      const reason = this.#apply(entry, done)
      if (!reason) continue
      this.#undo(done)
      return { step, reason }
    }
    // What makes room is let through, however little.
    if (this.#sizeBytes <= Math.max(sizeBytes, this.#maxSizeBytes)) return undefined
    this.#undo(done)
    return 'full'
  }

  /** Why the entry cannot be; undefined when it was applied. */
  #apply({ collection, id, when, write }: Entry, done: Done[]): Refusal['reason'] | undefined {
    const rows = this.#at(collection)
    const found = this.#live(rows, id)
    const holds = when === 'absent' ? !found : found && (when === 'present' || found.row.version === when.version)
    if (!holds) return 'count'
    if (write === undefined) return undefined

    const after = write === null ? undefined : toKept(write)
    const expired = after ? [...rows.inTheWay(after)] : []
    if (expired.some((other) => !this.#hasExpired(other))) return 'unique'
    for (const before of expired) done.push(this.#replace(rows, before, undefined))
    done.push(this.#replace(rows, rows.get(id), after))
    return undefined
  }

  #replace(rows: KeptRows, before: Kept | undefined, after: Kept | undefined): Done {
    if (before) rows.remove(before)
    if (after) rows.add(after)
    this.#sizeBytes += (after?.sizeBytes ?? 0) - (before?.sizeBytes ?? 0)
    return { rows, before, after }
  }

  #undo(done: readonly Done[]): void {
    for (const { rows, before, after } of done.toReversed()) this.#replace(rows, after, before)
  }

  #sweepAll(): void {
    const nowMs = this.#clock.now()
    for (const rows of this.#rows.values()) for (const kept of rows.expired(nowMs, Number.POSITIVE_INFINITY)) this.#replace(rows, kept, undefined)
  }
}
