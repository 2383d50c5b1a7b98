import type { SqlIndex, SqlValue } from '../../kernel/ports/sql/index.ts'
import type { PathFilter } from '../../kernel/ports/storage/index.ts'
import { type Codec, integerParam } from './mapped-codec.ts'
import type { Layout } from './mapped-layout.ts'
import { integerCodec } from './mapped-numbers.ts'

/** A condition of SQL that lets through every row for which some conditions of a query hold, and maybe others. */
export type Term =
  | { readonly column: string; readonly is: 'in'; readonly values: readonly SqlValue[] }
  | { readonly column: string; readonly is: 'between'; readonly low: SqlValue; readonly high: SqlValue }
  | { readonly column: string; readonly is: 'null' }

/** What can be asked of one column. */
interface Asked {
  readonly column: string
  readonly codec: Codec
  /** False where NULL is told as something else than a field that is missing. */
  readonly plain: boolean
}

/**
 * The conditions that an index of the table serves: equal values of its first columns, then at most one range. Without an
 * index a condition would let the database look at the whole table for a few rows. Of several indexes the one that is asked for most.
 */
export function termsOf(layout: Layout, conditions: readonly PathFilter[]): readonly Term[] {
  const asked = askedColumns(layout)
  let best: readonly Term[] = []
  for (const index of layout.indexes) {
    const terms = termsAlong(index, asked, conditions)
    if (weight(terms) > weight(best)) best = terms
  }
  return best
}

function weight(terms: readonly Term[]): number {
  return terms.reduce((sum, term) => sum + (term.is === 'between' ? 1 : 2), 0)
}

function termsAlong(index: SqlIndex, asked: ReadonlyMap<string, Asked>, conditions: readonly PathFilter[]): readonly Term[] {
  const terms: Term[] = []
  for (const column of index.columns) {
    const [path, one] = [...asked].find(([, { column: name }]) => name === column) ?? []
    const term = one && termOf(one, conditions.filter((filter) => filter.path.name === path))
    if (!term) break
    terms.push(term)
    if (term.is === 'between') break
  }
  return terms
}

/** By the path's name. */
function askedColumns({ fields, mapping, times }: Layout): ReadonlyMap<string, Asked> {
  const ms = integerCodec({ min: -(2n ** 63n), max: 2n ** 63n })
  const ofTimes = (['createdAt', 'updatedAt'] as const).flatMap((name) => {
    const column = mapping[name]
    // A time that is NULL is told as 1970.
    return column !== undefined && times[name] ? [[`$${name}`, { column, codec: ms, plain: false }] as const] : []
  })
  return new Map<string, Asked>([...fields.map(({ path, column, codec }) => [path.name, { column, codec, plain: true }] as const), ...ofTimes])
}

function termOf({ column, codec, plain }: Asked, filters: readonly PathFilter[]): Term | undefined {
  const { equal, bounds } = codec
  const listed = filters.find((filter) => filter.kind === 'in')
  if (listed && equal) return { column, is: 'in', values: [...listed.operands].flatMap((operand) => (operand === null ? [] : (equal(operand) ?? []))) }
  if (plain && filters.some((filter) => filter.kind === 'exists' && !filter.operand)) return { column, is: 'null' }
  return bounds && rangeOf(column, bounds, filters)
}

/** The whole numbers that all of the comparisons leave. */
function rangeOf(column: string, { min, max }: NonNullable<Codec['bounds']>, filters: readonly PathFilter[]): Term | undefined {
  let [low, high] = [min, max]
  let narrowed = false
  for (const filter of filters) {
    if (!('operand' in filter) || typeof filter.operand !== 'number') continue
    const { kind, operand } = filter
    if (kind === 'gt' || kind === 'gte') low = larger(low, clamped(kind === 'gt' ? Math.floor(operand) + 1 : Math.ceil(operand), min, max))
    else if (kind === 'lt' || kind === 'lte') high = smaller(high, clamped(kind === 'lt' ? Math.ceil(operand) - 1 : Math.floor(operand), min, max))
    else continue
    narrowed = true
  }
  return narrowed ? { column, is: 'between', low: integerParam(low), high: integerParam(high) } : undefined
}

/** One beyond an end stays an end: that lets at most one value more through. */
function clamped(value: number, min: bigint, max: bigint): bigint {
  if (value <= Number(min)) return min
  return value >= Number(max) ? max : BigInt(value)
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
