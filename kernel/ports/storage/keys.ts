import type { Json } from '../../json.ts'
import type { Collection } from './collections.ts'
import { storageError } from './errors.ts'
import { limits } from './limits.ts'
import { type Candidate, type OrderPath, valueAt } from './path.ts'

/** One byte before each value, in the order of the types. */
export const tags = { missing: 0x10, null: 0x20, boolean: 0x30, number: 0x40, string: 0x50, container: 0x60, end: 0x70 } as const

const constants = {
  missing: Buffer.of(tags.missing), null: Buffer.of(tags.null), container: Buffer.of(tags.container),
  false: Buffer.of(tags.boolean, 0), true: Buffer.of(tags.boolean, 1),
}

/**
 * The ascending bytes of one value: their order is the order of values, and none is the beginning of another.
 * A string is its UTF-8 and a zero byte, which needs no escape since NUL is refused everywhere.
 */
export function encodeValue(value: Json | undefined): Uint8Array {
  if (value === undefined) return constants.missing
  if (value === null) return constants.null
  if (typeof value === 'boolean') return value ? constants.true : constants.false
  if (typeof value === 'number') return encodeNumber(value)
  return typeof value === 'string' ? Buffer.from(`\u0050${value}\0`, 'utf8') : constants.container
}

function encodeNumber(value: number): Uint8Array {
  const bytes = Buffer.alloc(9)
  bytes[0] = tags.number
  // -0 and 0 are one number.
  bytes.writeDoubleBE(value === 0 ? 0 : value, 1)
  const sign = bytes[1] as number
  if (sign < 0x80) bytes[1] = sign | 0x80
  else for (let at = 1; at < 9; at++) bytes[at] = ~(bytes[at] as number)
  return bytes
}

/** Each byte's complement: the descending form. */
export function complement(bytes: Uint8Array): Uint8Array {
  const flipped = new Uint8Array(bytes.length)
  // A loop: `map` makes a Buffer of its own kind first, which takes longer.
  for (let at = 0; at < bytes.length; at++) flipped[at] = ~(bytes[at] as number)
  return flipped
}

/**
 * The key of a record in an order: the values of the paths in turn, complemented where a path descends, and the id last,
 * in the direction of the last path. The plain order of these bytes is the order of the records.
 * `tooLong` throws for a string beyond 512 bytes.
 */
export function orderKey(paths: readonly OrderPath[], record: Candidate, tooLong: (path: OrderPath) => never): Uint8Array {
  const parts = paths.map((path) => encodePath(path, record, tooLong))
  const id = encodeValue(record.id)
  parts.push(paths.at(-1)?.descending ? complement(id) : id)
  return Buffer.concat(parts)
}

function encodePath(path: OrderPath, record: Candidate, tooLong: (path: OrderPath) => never): Uint8Array {
  const bytes = encodeValue(valueAt(path, record))
  if (bytes.length > limits.keyStringBytes + 2) tooLong(path)
  return path.descending ? complement(bytes) : bytes
}

/**
 * A record's keys, one for each index of its collection, in their order. That of a unique index is without the id, and
 * null when the record lacks one of the paths.
 * @throws STORAGE_KEY_TOO_LONG
 */
export function keysOf(collection: Collection, record: Candidate): readonly (Uint8Array | null)[] {
  const tooLong = (path: OrderPath): never => {
    throw storageError('STORAGE_KEY_TOO_LONG', { collection: collection.name, path: path.name, maxBytes: limits.keyStringBytes })
  }
  return collection.indexes.map(({ paths, unique }) => {
    if (!unique) return orderKey(paths, record, tooLong)
    if (paths.some((path) => valueAt(path, record) === undefined)) return null
    return Buffer.concat(paths.map((path) => encodePath(path, record, tooLong)))
  })
}

/** The first bytes after everything that begins with `bytes`. */
export function after(bytes: Uint8Array): Uint8Array {
  let last = bytes.length - 1
  while (bytes[last] === 0xff) last--
  // A copy: a Buffer's `slice` is not one.
  const next = Uint8Array.from(bytes.subarray(0, last + 1))
  next[last] = (next[last] as number) + 1
  return next
}

/** How long the value at the beginning of `bytes` is; undefined when there is none. `flip` is 0xff for complemented bytes. */
export function lengthOfValue(bytes: Uint8Array, flip: 0 | 0xff): number | undefined {
  const tag = bytes[0] === undefined ? undefined : bytes[0] ^ flip
  const length = tag === tags.string ? bytes.indexOf(flip) + 1 : tag === undefined ? 0 : lengthByTag[tag] ?? 0
  return length === 0 || length > bytes.length ? undefined : length
}

const lengthByTag: Readonly<Record<number, number>> = { [tags.missing]: 1, [tags.null]: 1, [tags.boolean]: 2, [tags.number]: 9, [tags.container]: 1 }
