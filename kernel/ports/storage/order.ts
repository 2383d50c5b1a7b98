import type { Json } from '../../json.ts'
import { type Candidate, type OrderPath, valueAt } from './path.ts'

export type Scalar = null | boolean | number | string

/** Negative, zero or positive, by Unicode code point: JavaScript's own `<` puts astral characters before U+E000 to U+FFFF. */
export function compareStrings(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Puts surrogates, which only astral characters have, after every other code unit. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000
}

/** missing < null < boolean < number < string < array and object. */
export function rankOf(value: Json | undefined): number {
  if (value === undefined) return 0
  if (value === null) return 1
  if (typeof value === 'boolean') return 2
  if (typeof value === 'number') return 3
  return typeof value === 'string' ? 4 : 5
}

/** Two scalars of one type; false < true. */
export function compareScalars(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  return Number(a) - Number(b)
}

/** The total order of values; arrays and objects are equal among themselves. */
export function compareValues(a: Json | undefined, b: Json | undefined): number {
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0 || rank === 0 || rank === 5) return difference
  return compareScalars(a as Scalar, b as Scalar)
}

/** The order of records that `orderBy` means, ties by id. The bytes of keys.ts are in this order. */
export function compareRecords(orderBy: readonly OrderPath[]): (a: Candidate, b: Candidate) => number {
  return (a, b) => {
    for (const path of orderBy) {
      const difference = compareValues(valueAt(path, a), valueAt(path, b))
      if (difference !== 0) return path.descending ? -difference : difference
    }
    const byId = compareStrings(a.id, b.id)
    return orderBy.at(-1)?.descending ? -byId : byId
  }
}
