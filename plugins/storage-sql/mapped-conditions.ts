import type { SqlIndex, SqlValue } from '../../kernel/ports/sql/index.ts'
import type { PathFilter } from '../../kernel/ports/storage/index.ts'
import { type Codec, integerParam } from './mapped-codec.ts'
import type { LaidTime, Layout } from './mapped-layout.ts'

/** A condition of SQL that lets through every row for which some conditions of a query hold, and maybe others. */
export type Term =
  | { readonly column: string; readonly is: 'in'; readonly values: readonly SqlValue[]; readonly codec: Codec }
  | { readonly column: string; readonly is: 'between'; readonly low?: SqlValue; readonly high?: SqlValue }
  | { readonly column: string; readonly is: 'null' }

/** What the conditions on one path say of its column. */
type Narrow = (filters: readonly PathFilter[]) => Term | undefined

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

function termsAlong(index: SqlIndex, asked: ReturnType<typeof askedColumns>, conditions: readonly PathFilter[]): readonly Term[] {
  const terms: Term[] = []
  for (const column of index.columns) {
    const [path, narrow] = asked.get(column) ?? []
    const term = narrow?.(conditions.filter((filter) => filter.path.name === path))
    if (!term) break
    terms.push(term)
    if (term.is === 'between') break
  }
  return terms
}

/** By the column: the path that stands in it, and what it is asked. */
function askedColumns({ fields, times }: Layout): ReadonlyMap<string | undefined, readonly [path: string, narrow: Narrow]> {
  const ofTimes = (['createdAt', 'updatedAt'] as const).flatMap((name) => {
    const time = times[name]
    // A time that is NULL is told as 1970.
    return time && !time.nullable ? [[time.column, [`$${name}`, (filters: readonly PathFilter[]) => timesOf(time, filters)]] as const] : []
  })
  return new Map([...fields.map(({ path, column, codec }) => [column, [path.name, (filters: readonly PathFilter[]) => termOf(column, codec, filters)]] as const), ...ofTimes])
}

function termOf(column: string, codec: Codec, filters: readonly PathFilter[]): Term | undefined {
  const { equal, bounds, ordered } = codec
  const listed = filters.find((filter) => filter.kind === 'in')
  if (listed && equal) return { column, is: 'in', codec, values: [...listed.operands].flatMap((operand) => (operand === null ? [] : (equal(operand) ?? []))) }
  if (filters.some((filter) => filter.kind === 'exists' && !filter.operand)) return { column, is: 'null' }
  return bounds ? rangeOf(column, bounds, filters) : ordered && orderedOf(column, ordered, filters)
}

/** Texts of one length, in whose order the column is. The ends are let through, too. */
function orderedOf(column: string, ordered: NonNullable<Codec['ordered']>, filters: readonly PathFilter[]): Term | undefined {
  const ends = (kinds: readonly PathFilter['kind'][]) => filters.flatMap((filter) => ('operand' in filter && kinds.includes(filter.kind) && typeof filter.operand === 'string' && ordered(filter.operand) !== undefined ? [filter.operand] : [])).sort()
  const [low, high] = [ends(['gt', 'gte']).at(-1), ends(['lt', 'lte'])[0]]
  const param = (text: string | undefined) => (text === undefined ? undefined : ordered(text))
  return between(column, param(low), param(high))
}

function timesOf({ column, form }: LaidTime, filters: readonly PathFilter[]): Term | undefined {
  const ends = (kinds: readonly PathFilter['kind'][]) => filters.flatMap((filter) => ('operand' in filter && kinds.includes(filter.kind) && typeof filter.operand === 'number' ? [filter.operand] : []))
  const [low, high] = [Math.max(...ends(['gt', 'gte'])), Math.min(...ends(['lt', 'lte']))]
  return between(column, Number.isFinite(low) ? form.bound(low, 'low') : undefined, Number.isFinite(high) ? form.bound(high, 'high') : undefined)
}

function between(column: string, low: SqlValue | undefined, high: SqlValue | undefined): Term | undefined {
  return low === undefined && high === undefined ? undefined : { column, is: 'between', ...(low !== undefined && { low }), ...(high !== undefined && { high }) }
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
