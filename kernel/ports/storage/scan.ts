import type { Call } from '../../call.ts'
import type { Collection } from './collections.ts'
import type { Position } from './cursor.ts'
import type { Range, Row, RowsRange, StorageDriver } from './driver.ts'
import { complement, encodeValue, keysOf } from './keys.ts'
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
  /** How many rows to ask for first, when they are not heavy. */
  readonly first: number
  readonly weight: RowWeight
  readonly call: Call
}

/** About so much text is looked into before others may have their turn. */
const pieceLength = 64 * 1024
/** About so much text is read at once: an embedded backend reads it while everybody waits. */
const chunkLength = 2 * 1024 ** 2
/** What a row is taken to weigh before any was met: the usual page is read at once, and a thousand rows are not. */
const firstWeight = 32 * 1024
const mostRows = 512

/** How heavy the rows of one collection are, learned from those that were read, so that a chunk stays near 2 MiB. */
export class RowWeight {
  #length = firstWeight
  #learned = false

  /** How many rows to ask for, of `wanted`. */
  within(wanted: number): number {
    return Math.max(1, Math.min(wanted, Math.floor(chunkLength / this.#length)))
  }

  learn(rows: readonly Row[]): void {
    if (rows.length === 0) return
    const average = lengthOf(rows) / rows.length + 1
    // Heavier at once, lighter little by little: what is heavy fills the memory.
    this.#length = this.#learned ? Math.max(average, this.#length * 0.9) : average
    this.#learned = true
  }
}

/**
 * The rows that a plan looks at, in its order, a few at a time: they are read in chunks of about 2 MiB. Each chunk is of
 * its own moment; a record that was changed between two of them, and so would come again, comes once.
 */
export async function* scanPlan(parts: ScanParts): AsyncGenerator<readonly Row[]> {
  const turn = makeTurns()
  const next = chunksOf(parts)
  let met: Set<string> | undefined
  for (let rows = await next(); rows; ) {
    const seen = met
    for (const piece of piecesOf(seen ? rows.filter((row) => !seen.has(row.id)) : rows)) {
      yield piece
      const others = turn()
      if (others) await others
    }
    // The usual page is one chunk, and is full before this.
    met ??= new Set()
    for (const row of rows) met.add(row.id)
    rows = await next()
  }
}

/** Reads a chunk at each call; undefined after the last. */
function chunksOf(parts: ScanParts): () => Promise<readonly Row[] | undefined> {
  if (parts.plan.by === 'ids') return idChunks(parts, parts.plan.ids)
  const { driver, collection, weight, call } = parts
  const ranges = rangesOf(parts)
  let at = 0
  let range = ranges[0]
  let wanted = parts.first
  /** The last row of the chunk before, where the range may go on. */
  let last: Row | undefined

  return async () => {
    if (range && last) range = continueAfter(parts, range, last)
    if (!range) return undefined
    const asked = weight.within(wanted)
    const rows = await driver.scan(collection.name, range, asked, call)
    weight.learn(rows)
    wanted = mostRows
    last = rows.length < asked ? undefined : rows.at(-1)
    if (!last) range = ranges[++at]
    return rows
  }
}

function* piecesOf(rows: readonly Row[]): Generator<readonly Row[]> {
  let from = 0
  let length = 0
  for (let at = 0; at < rows.length; at++) {
    length += rows[at]?.text.length ?? 0
    if (length < pieceLength) continue
    yield rows.slice(from, at + 1)
    from = at + 1
    length = 0
  }
  if (from < rows.length) yield from === 0 ? rows : rows.slice(from)
}

function lengthOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + row.text.length, 0)
}

/** The whole of a plan, for counting. */
export function rangesOf({ plan, orderBy, position }: Pick<ScanParts, 'plan' | 'orderBy' | 'position'>): readonly (Range | RowsRange)[] {
  if (plan.by === 'ids') return []
  if (plan.by === 'rows') return [{ by: 'rows', conditions: plan.conditions }]
  const from = plan.sorted ? position : undefined
  return plan.by === 'id' ? [idRange(plan, from)] : indexRanges(plan, orderBy, from)
}

function idChunks({ driver, collection, call }: ScanParts, ids: readonly string[]): () => Promise<readonly Row[] | undefined> {
  const atOnce = 8
  let at = 0
  return async () => {
    if (at >= ids.length) return undefined
    const rows = await driver.read(collection.name, ids.slice(at, (at += atOnce)), call)
    return rows.filter((row) => row !== undefined)
  }
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

function continueAfter({ collection, plan }: ScanParts, range: Range | RowsRange, last: Row): Range | RowsRange {
  if (range.by === 'rows') return { ...range, after: last.id }
  if (range.by === 'id') {
    const bound = { value: last.id, open: true }
    return range.reverse ? { ...range, upper: bound } : { ...range, lower: bound }
  }
  const key = keysOf(collection, toCandidate(last))[range.by]
  if (!key || plan.by !== 'index') throw new RangeError(`a row of ${collection.name} without the key it was found by`)
  const bound = { value: key, open: true }
  return range.reverse ? { ...range, upper: bound } : { ...range, lower: bound }
}
