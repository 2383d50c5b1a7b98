import type { Collection, KeyedRow, Range, Row } from '../../kernel/ports/storage/index.ts'
import { OrderedMap } from '../../kernel/ports/ordered-map.ts'

/** What V8 takes for a row beside its texts, for each key that it is found by, and for a time to live: measured with 60,000 rows of each kind. */
const rowBytes = 360
const keyBytes = 60
const expiryBytes = 80

/** A row with what finds it. */
export interface Kept {
  readonly row: Row
  /** Its key in each index, as a text of bytes; null where a unique index does not hold it. */
  readonly keys: readonly (string | null)[]
  readonly sizeBytes: number
}

/** The rows of one collection: by id, by the key of each index, and by when they expire. */
export class KeptRows {
  readonly #byId = new OrderedMap<Kept>()
  readonly #byKey: readonly OrderedMap<Kept>[]
  readonly #byExpiry = new OrderedMap<Kept>()
  readonly #unique: readonly number[]

  constructor({ indexes }: Collection) {
    this.#byKey = indexes.map(() => new OrderedMap<Kept>())
    this.#unique = indexes.filter((index) => index.unique).map((index) => index.at)
  }

  get(id: string): Kept | undefined {
    return this.#byId.get(textOfBytes(id))
  }

  /** The rows that stand where this one cannot be beside them. */
  *inTheWay({ row, keys }: Kept): Generator<Kept> {
    for (const at of this.#unique) {
      const key = keys[at]
      const other = typeof key === 'string' ? this.#byKey[at]?.get(key) : undefined
      if (other && other.row.id !== row.id) yield other
    }
  }

  add(kept: Kept): void {
    this.#byId.set(textOfBytes(kept.row.id), kept)
    kept.keys.forEach((key, at) => key !== null && this.#byKey[at]?.set(key, kept))
    if (kept.row.expiresAtMs !== null) this.#byExpiry.set(expiryKey(kept.row.expiresAtMs, kept.row.id), kept)
  }

  remove({ row, keys }: Kept): void {
    this.#byId.delete(textOfBytes(row.id))
    keys.forEach((key, at) => key !== null && this.#byKey[at]?.delete(key))
    if (row.expiresAtMs !== null) this.#byExpiry.delete(expiryKey(row.expiresAtMs, row.id))
  }

  /** The rows of a range, also those that have expired. The rows must not change meanwhile. */
  within(range: Range): Generator<Kept> {
    const ordered = range.by === 'id' ? this.#byId : this.#byKey[range.by]
    if (!ordered) throw new RangeError(`there is no index ${range.by}`)
    const { lower, upper, reverse } = range
    return ordered.values({ lower: lower && { key: textOfBytes(lower.value), open: lower.open }, upper: upper && { key: textOfBytes(upper.value), open: upper.open }, reverse })
  }

  /** The rows that have expired, `limit` at most, the earliest first. */
  expired(nowMs: number, limit: number): readonly Kept[] {
    const found: Kept[] = []
    for (const kept of this.#byExpiry.values({ upper: { key: expiryKey(nowMs + 1, ''), open: true }, reverse: false })) {
      if (found.length >= limit) break
      found.push(kept)
    }
    return found
  }

  clear(): void {
    for (const map of [this.#byId, this.#byExpiry, ...this.#byKey]) map.clear()
  }
}

export function toKept({ keys: written, ...row }: KeyedRow): Kept {
  const keys = written.map((key) => key && textOfBytes(key))
  const own = rowBytes + sizeOf(row.text) + sizeOf(row.id) + row.version.length + (row.expiresAtMs === null ? 0 : expiryBytes + row.id.length)
  return { row, keys, sizeBytes: keys.reduce((sum, key) => sum + (key === null ? 0 : key.length + keyBytes), own) }
}

/** V8 keeps a text in one byte a character, or in two when one of them needs it. */
function sizeOf(text: string): number {
  return isOneByte.test(text) ? text.length : text.length * 2
}

/** Bytes, or the UTF-8 of a text, as a text with one character a byte: it takes less room than a buffer, and `<` compares it byte by byte. */
function textOfBytes(bytes: Uint8Array | string): string {
  if (typeof bytes !== 'string') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return isAscii.test(bytes) ? bytes : Buffer.from(bytes, 'utf8').toString('latin1')
}

const isAscii = /^[ -~]*$/
const isOneByte = /^[\0-\xff]*$/

/** In the order of time; no two rows have the same. */
function expiryKey(atMs: number, id: string): string {
  return `${String(Math.max(0, Math.floor(atMs))).padStart(16, '0')}${textOfBytes(id)}`
}
