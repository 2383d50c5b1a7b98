import type { Call } from '../../call.ts'
import type { Collection } from './collections.ts'
import type { Position } from './cursor.ts'
import type { Range, Row, StorageDriver } from './driver.ts'
import { complement, encodeValue, keysOf } from './keys.ts'
import { limits } from './limits.ts'
import type { IdPlan, IndexPlan, Plan } from './plan.ts'
import type { OrderPath } from './path.ts'
import { toCandidate } from './record.ts'
import { makeTurns } from './turn.ts'

export interface ScanParts {
  readonly driver: StorageDriver
  readonly collection: Collection
  readonly plan: Plan
  readonly orderBy: readonly OrderPath[]
  /** Where the last page ended; only a plan in the query's order can start there. */
  readonly position: Position | undefined
  /** How many rows to ask for first. */
  readonly first: number
  readonly call: Call
}

/** How many rows are looked into before others may have their turn. */
const atOnce = 4

/** The rows that a plan looks at, in its order, a few at a time: they are read in chunks of about 8 MiB at most. */
export async function* scanPlan(parts: ScanParts): AsyncGenerator<readonly Row[]> {
  const turn = makeTurns()
  for await (const rows of chunksOf(parts)) {
    for (let at = 0; at < rows.length; at += atOnce) {
      yield rows.slice(at, at + atOnce)
      await turn()
    }
  }
}

async function* chunksOf(parts: ScanParts): AsyncGenerator<readonly Row[]> {
  if (parts.plan.by === 'ids') {
    yield* readIds(parts, parts.plan.ids)
    return
  }
  let chunk = parts.first
  for (let range of rangesOf(parts)) {
    for (;;) {
      const rows = await parts.driver.scan(parts.collection.name, range, chunk, parts.call)
      yield rows
      const last = rows.at(-1)
      if (!last || rows.length < chunk) break
      range = continueAfter(parts, range, last)
      chunk = nextChunk(rows)
    }
  }
}

/** The whole of a plan, for counting. */
export function rangesOf({ plan, orderBy, position }: Pick<ScanParts, 'plan' | 'orderBy' | 'position'>): readonly Range[] {
  if (plan.by === 'ids') return []
  const from = plan.sorted ? position : undefined
  return plan.by === 'id' ? [idRange(plan, from)] : indexRanges(plan, orderBy, from)
}

async function* readIds({ driver, collection, call }: ScanParts, ids: readonly string[]): AsyncGenerator<readonly Row[]> {
  const atOnce = 8
  for (let at = 0; at < ids.length; at += atOnce) {
    const rows = await driver.read(collection.name, ids.slice(at, at + atOnce), call)
    yield rows.filter((row) => row !== undefined)
  }
}

function nextChunk(rows: readonly Row[]): number {
  const average = rows.reduce((sum, row) => sum + row.text.length, 0) / rows.length
  return Math.max(8, Math.min(512, Math.floor(limits.pageBytes / (average + 1))))
}

function idRange({ lower, upper, reverse }: IdPlan, from: Position | undefined): Range {
  const beyond = from && { value: from.id, open: true }
  const low = reverse ? lower : beyond ?? lower
  const high = reverse ? beyond ?? upper : upper
  return { by: 'id', reverse, ...(low && { lower: low }), ...(high && { upper: high }) }
}

function indexRanges(plan: IndexPlan, orderBy: readonly OrderPath[], from: Position | undefined): readonly Range[] {
  const key = from && keyAt(plan, orderBy, from)
  return plan.spans.flatMap((span): Range[] => {
    const whole = { by: plan.index.at, lower: { value: span.from, open: false }, upper: { value: span.to, open: true }, reverse: plan.reverse }
    if (!key) return [whole]
    if (plan.reverse) return Buffer.compare(key, span.from) <= 0 ? [] : [{ ...whole, upper: { value: smaller(key, span.to), open: true } }]
    if (Buffer.compare(key, span.to) >= 0) return []
    return Buffer.compare(key, span.from) < 0 ? [whole] : [{ ...whole, lower: { value: key, open: true } }]
  })
}

/** The key in the plan's index of the record where the last page ended. */
function keyAt({ index, fixed }: IndexPlan, orderBy: readonly OrderPath[], { values, id }: Position): Uint8Array {
  const parts = index.paths.map((path) => {
    const value = fixed.get(path.name) ?? values[orderBy.findIndex((one) => one.name === path.name)] ?? new Uint8Array(0)
    return path.descending ? complement(value) : value
  })
  if (index.unique) return Buffer.concat(parts)
  const last = encodeValue(id)
  return Buffer.concat([...parts, index.paths.at(-1)?.descending ? complement(last) : last])
}

function smaller(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) < 0 ? a : b
}

function continueAfter({ collection, plan }: ScanParts, range: Range, last: Row): Range {
  if (range.by === 'id') {
    const bound = { value: last.id, open: true }
    return range.reverse ? { ...range, upper: bound } : { ...range, lower: bound }
  }
  const key = keysOf(collection, toCandidate(last))[range.by]
  if (!key || plan.by !== 'index') throw new RangeError(`a row of ${collection.name} without the key it was found by`)
  const bound = { value: key, open: true }
  return range.reverse ? { ...range, upper: bound } : { ...range, lower: bound }
}
