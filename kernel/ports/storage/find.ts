import type { Call } from '../../call.ts'
import type { Collection } from './collections.ts'
import { BestOf, type Collected, InOrder, type Match } from './collect.ts'
import { type Paged, type Position, readCursor, writeCursor } from './cursor.ts'
import type { Row, StorageDriver } from './driver.ts'
import { storageError } from './errors.ts'
import { holds } from './evaluate.ts'
import { orderKey } from './keys.ts'
import { limits } from './limits.ts'
import { tableOf } from './mapped.ts'
import type { FindInput } from './operations.ts'
import type { Candidate } from './path.ts'
import { indexToDeclare, planQuery } from './plan-query.ts'
import type { Plan } from './plan.ts'
import type { Query } from './query.ts'
import { parseDocument } from './record.ts'
import { rangesOf, type RowWeight, scanPlan } from './scan.ts'

/** What a unit of work staged for one collection: its rows stand in place of what the backend has under these ids. */
export interface Overlay {
  readonly ids: ReadonlySet<string>
  readonly rows: readonly Row[]
}

export interface Search {
  readonly driver: StorageDriver
  readonly collection: Collection
  readonly query: Query
  readonly overlay?: Overlay | undefined
  /** Of the collection, kept between searches. */
  readonly weight: RowWeight
  readonly call: Call
}

/** A page of matches and the cursor of the next. */
export async function findMatches(search: Search, input: Paged & Pick<FindInput, 'limit'>): Promise<{ readonly matches: readonly Match[]; readonly next: string | null }> {
  const { query, collection } = search
  const position = readCursor(input, query.orderBy)
  const plan = planQuery(query, collection, tableOf(search.driver, collection))
  const limit = input.limit ?? limits.defaultPageRows

  const { matches, more } = plan.sorted && !search.overlay ? await inOrder(search, plan, position, limit) : await bestOf(search, plan, position, limit)
  const last = more ? matches.at(-1) : undefined
  if (!last) return { matches, next: null }
  const value = last.value ?? parseDocument(last.row.text)
  const next = writeCursor(input, last.key ?? keyOf(search, candidateOf(last.row, value)))
  // Parsed once, for whoever tells it.
  return { matches: matches.with(-1, { ...last, value }), next }
}

/** How many records the query holds for. */
export async function countMatches(search: Search): Promise<number> {
  const { driver, collection, query, overlay, call } = search
  const plan = planQuery(query, collection, tableOf(search.driver, collection))
  if (plan.exact) {
    let count = 0
    for (const range of rangesOf({ plan, orderBy: query.orderBy, position: undefined })) count += await driver.count(collection.name, range, call)
    return overlay ? count - (await countHidden(search, overlay)) + countIn(search, overlay.rows) : count
  }

  let count = overlay ? countIn(search, overlay.rows) : 0
  const examine = examiner(search, plan)
  for await (const rows of scanPlan({ ...search, plan, orderBy: query.orderBy, position: undefined, first: 128 })) {
    count += countIn(search, rows.filter((row) => examine() && !overlay?.ids.has(row.id)))
  }
  return count
}

/** The plan has the query's order, so the page is full when enough matches were met. */
async function inOrder(search: Search, plan: Plan, position: Position | undefined, limit: number): Promise<Collected> {
  const found = new InOrder(limit)
  const examine = examiner(search, plan)
  for await (const rows of scanPlan({ ...search, plan, orderBy: search.query.orderBy, position, first: firstChunk(plan, limit) })) {
    for (const row of rows) {
      examine()
      const match = plan.exact ? { row } : matchOf(search, row)
      // A list of ids is read from its beginning.
      if (match && !(plan.by === 'ids' && position && isUpTo(search, match, position))) found.add(match)
      if (found.full) return found.done()
    }
  }
  return found.done()
}

/** All that the plan lets through is looked at, but where it has the order and the page cannot get better. */
async function bestOf(search: Search, plan: Plan, position: Position | undefined, limit: number): Promise<Collected> {
  const { overlay, query } = search
  const found = new BestOf(limit)
  const examine = examiner(search, plan)
  const add = (row: Row): Uint8Array | undefined => {
    const match = matchOf(search, row)
    if (!match) return undefined
    const key = keyOf(search, candidateOf(row, match.value))
    if (!position || Buffer.compare(key, position.key) > 0) found.add({ ...match, key })
    return key
  }

  for (const row of overlay?.rows ?? []) add(row)
  for await (const rows of scanPlan({ ...search, plan, orderBy: query.orderBy, position, first: 128 })) {
    for (const row of rows) {
      examine()
      if (overlay?.ids.has(row.id)) continue
      const key = add(row)
      if (key && plan.sorted && found.isBeyond(key)) return found.done()
    }
  }
  return found.done()
}

/** Counts the rows that are looked at, and refuses the query when they are too many. */
function examiner({ collection, query }: Search, plan: Plan): () => true {
  let examined = 0
  return () => {
    if (++examined > collection.scanLimit && !(plan.exact && plan.sorted)) {
      throw storageError('STORAGE_NEEDS_INDEX', { ...indexFor(query, collection), reason: `the query would examine more than ${collection.scanLimit} rows` })
    }
    return true
  }
}

/** One more than a page holds, to know whether another follows; when each row must be looked into, a few more at once. */
function firstChunk(plan: Plan, limit: number): number {
  return plan.exact ? Math.min(limit + 1, 128) : 128
}

function matchOf({ query }: Search, row: Row): Match | undefined {
  const value = parseDocument(row.text)
  return holds(query.filter, candidateOf(row, value)) ? { row, value } : undefined
}

function countIn(search: Search, rows: readonly Row[]): number {
  return rows.reduce((count, row) => (matchOf(search, row) ? count + 1 : count), 0)
}

async function countHidden(search: Search, overlay: Overlay): Promise<number> {
  const rows = await search.driver.read(search.collection.name, [...overlay.ids], search.call)
  return countIn(search, rows.filter((row) => row !== undefined))
}

function isUpTo(search: Search, { row, value }: Match, position: Position): boolean {
  return Buffer.compare(keyOf(search, candidateOf(row, value)), position.key) <= 0
}

function candidateOf(row: Row, value = parseDocument(row.text)): Candidate {
  return { id: row.id, value, createdAtMs: row.createdAtMs, updatedAtMs: row.updatedAtMs }
}

function keyOf({ collection, query }: Search, record: Candidate): Uint8Array {
  return orderKey(query.orderBy, record, (path) => {
    throw storageError('STORAGE_NEEDS_INDEX', { ...indexFor(query, collection), reason: `a string at ${path.name} is longer than the ${limits.keyStringBytes} bytes that can be ordered` })
  })
}

function indexFor(query: Query, { name, mapping }: Collection): { readonly collection: string; readonly declare: string; readonly table?: string } {
  return { collection: name, declare: indexToDeclare(query), ...(mapping && { table: mapping.table }) }
}
