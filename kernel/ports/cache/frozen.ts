import type { Json, JsonObject } from '../../json.ts'
import type { CacheValue } from './driver.ts'

/** A copy of a value, deeply frozen unless it is bytes, and about how much memory it takes. */
export interface Frozen {
  readonly value: CacheValue
  readonly sizeBytes: number
}

/** What V8 takes on a 64-bit machine without pointer compression, rounded up. */
const objectBytes = 40
const fieldBytes = 8
const doubleBytes = 16
const textBytes = 24
/** A typed array and its buffer, without the bytes. */
const arrayBytes = 200

/**
 * Copies a value that `findBadText` found good: neither the one who gave it nor the one who reads it can change what
 * the cache has. `-0` becomes 0, as everywhere.
 */
export function freezeCopy(value: Json): Frozen {
  let sizeBytes = 0

  const copy = (from: Json): Json => {
    if (typeof from === 'string') {
      sizeBytes += sizeOfText(from)
      return from
    }
    if (typeof from === 'number') {
      if (!Number.isInteger(from)) sizeBytes += doubleBytes
      return from === 0 ? 0 : from
    }
    if (from === null || typeof from === 'boolean') return from
    return Object.freeze(isList(from) ? copyList(from) : copyObject(from))
  }

  const copyList = (from: readonly Json[]): Json[] => {
    sizeBytes += objectBytes + fieldBytes * from.length
    return from.map(copy)
  }

  const copyObject = (from: JsonObject): JsonObject => {
    const to: Record<string, Json> = {}
    const names = Object.keys(from)
    // V8 shares the names of objects of one shape; a cache cannot know whose shapes are alike, and counts each.
    for (const name of names) {
      sizeBytes += 3 * fieldBytes + textBytes + name.length
      to[name] = copy(from[name] as Json)
    }
    sizeBytes += objectBytes
    return to
  }

  const frozen = copy(value)
  return { value: frozen, sizeBytes: sizeBytes + fieldBytes }
}

/**
 * What is left of `bytes` once the value has taken its part, about; negative as soon as there is nothing left, and the rest
 * of the value is not looked at. It counts less than a copy takes, never more, and takes any value, good or bad.
 */
export function bytesLeft(value: unknown, bytes: number, levels: number): number {
  if (typeof value === 'string') return bytes - textBytes - value.length
  if (typeof value !== 'object' || value === null || levels === 0) return bytes
  if (value instanceof Uint8Array) return bytes - value.byteLength
  if (Array.isArray(value)) return leftByList(value, bytes - objectBytes - fieldBytes * value.length, levels - 1)
  let left = bytes - objectBytes
  for (const name of Object.keys(value)) {
    if (left < 0) break
    left = bytesLeft((value as Readonly<Record<string, unknown>>)[name], left - 3 * fieldBytes - textBytes - name.length, levels - 1)
  }
  return left
}

function leftByList(list: readonly unknown[], bytes: number, levels: number): number {
  let left = bytes
  for (let index = 0; index < list.length && left >= 0; index += 1) left = bytesLeft(list[index], left, levels)
  return left
}

/** Bytes cannot be frozen; the copy is the cache's alone. */
export function copyBytes(value: Uint8Array): Frozen {
  // A Buffer is taken as the bytes it is: its own `slice` would share them.
  return { value: Uint8Array.from(value), sizeBytes: value.byteLength + arrayBytes }
}

/** V8 keeps a text with one byte a character when all are Latin-1, with two otherwise. */
export function sizeOfText(text: string): number {
  return textBytes + (isLatin1(text) ? text.length : 2 * text.length)
}

function isLatin1(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- the range is all of Latin-1, control characters included
  return !/[^\u0000-\u00ff]/.test(text)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** Freezes a value that is nobody else's, deeply; one that is frozen already is taken to be so all the way down. */
export function freezeInPlace(value: Json): Json {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) if (inner !== undefined) freezeInPlace(inner)
  return Object.freeze(value)
}
