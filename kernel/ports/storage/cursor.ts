import { crc32 } from 'node:zlib'
import { storageError } from './errors.ts'
import { complement, lengthOfValue } from './keys.ts'
import type { FindInput } from './operations.ts'
import type { OrderPath } from './path.ts'

/** Where a page ended. */
export interface Position {
  /** The order key of its last record. */
  readonly key: Uint8Array
  /** The ascending bytes of that record's values, in the order of `orderBy`. */
  readonly values: readonly Uint8Array[]
  readonly id: string
}

/** What a cursor is bound to: a query of a collection, or of a view as the manifest has it. */
export interface Paged extends Pick<FindInput, 'collection' | 'where' | 'orderBy' | 'after'> {
  readonly view?: string
}

const checkBytes = 4

/** A cursor: the position, and a check that binds it to the query. It is opaque, not secret, and against mistakes: whoever forges one gets a page of their own query. */
export function writeCursor(input: Paged, key: Uint8Array): string {
  return Buffer.concat([checkOf(input, key), key]).toString('base64url')
}

/** @throws STORAGE_BAD_CURSOR when it belongs to another query, or was altered. */
export function readCursor(input: Paged, orderBy: readonly OrderPath[]): Position | undefined {
  if (input.after === undefined) return undefined
  const bytes = Buffer.from(input.after, 'base64url')
  const key = bytes.subarray(checkBytes)
  const whole = bytes.toString('base64url') === input.after && bytes.subarray(0, checkBytes).equals(checkOf(input, key))

  const position = whole ? split(key, orderBy) : undefined
  if (!position) throw storageError('STORAGE_BAD_CURSOR', { collection: input.collection })
  return position
}

function checkOf({ collection, where, orderBy, view }: Paged, key: Uint8Array): Uint8Array {
  const query = [collection, where ?? {}, orderBy ?? [], ...(view === undefined ? [] : [view])]
  const check = Buffer.alloc(checkBytes)
  check.writeUInt32BE(crc32(key, crc32(JSON.stringify(query))))
  return check
}

/** The parts of an order key; undefined when it is none. */
function split(key: Uint8Array, orderBy: readonly OrderPath[]): Position | undefined {
  const values: Uint8Array[] = []
  let rest = key
  for (const descending of [...orderBy.map((path) => path.descending), orderBy.at(-1)?.descending ?? false]) {
    const length = lengthOfValue(rest, descending ? 0xff : 0)
    if (length === undefined) return undefined
    const value = rest.subarray(0, length)
    values.push(descending ? complement(value) : value)
    rest = rest.subarray(length)
  }
  const id = values.pop()
  return id && rest.length === 0 ? { key, values, id: Buffer.from(id.subarray(1, -1)).toString('utf8') } : undefined
}
