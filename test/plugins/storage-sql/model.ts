import type { JsonObject } from '../../../kernel/json.ts'
import { holds } from '../../../kernel/ports/storage/evaluate.ts'
import type { FindInput, Where } from '../../../kernel/ports/storage/index.ts'
import { compareRecords, compareValues } from '../../../kernel/ports/storage/order.ts'
import { type Candidate, parsePath, valueAt } from '../../../kernel/ports/storage/path.ts'
import { parseQuery } from '../../../kernel/ports/storage/query.ts'
import { callWith, type Storage } from './harness.ts'

/** A record as the plain array has it. */
export interface Kept extends Candidate {
  readonly expiresAtMs: number
}

/** What the evaluator answers over an array. */
export function answer(kept: readonly Kept[], nowMs: number, query: { readonly where: Where; readonly orderBy: readonly string[] }): readonly Kept[] {
  const { filter, orderBy } = parseQuery('test', query)
  return kept.filter((record) => record.expiresAtMs > nowMs && holds(filter, record)).sort(compareRecords(orderBy))
}

/** Whether two records cannot both be in a unique index. */
export function collide(a: Candidate, b: Candidate, index: readonly string[]): boolean {
  return index.every((name) => {
    const [one, other] = [a, b].map((record) => valueAt(pathOf(name), record))
    return one !== undefined && other !== undefined && compareValues(one, other) === 0
  })
}

/** A value reduced to paths, built up from nothing: the other way round than the code under test goes. */
export function selected(record: Candidate, select: readonly string[]): JsonObject {
  const made: Record<string, unknown> = {}
  for (const name of [...select].sort((a, b) => a.length - b.length)) {
    const value = valueAt(pathOf(name), record)
    if (value === undefined) continue
    const segments = name.split('.')
    const last = segments.pop() ?? ''
    let at = made
    for (const segment of segments) at = (Object.hasOwn(at, segment) ? at[segment] : (at[segment] = {})) as Record<string, unknown>
    at[last] = structuredClone(value)
  }
  return made as JsonObject
}

function pathOf(name: string) {
  const path = parsePath(name.replace(/^-/, ''))
  if (!path) throw new TypeError(`no path: ${name}`)
  return path
}

/** Every record of every page, and what `between` does before each page but the first. */
export async function pages(storage: Storage, query: FindInput, between: () => Promise<void> = async () => undefined) {
  const items = []
  for (let after: string | undefined; ; ) {
    const page = await storage.find({ ...query, ...(after !== undefined && { after }) }, callWith())
    items.push(...page.items)
    if (page.next === null) return items
    after = page.next
    await between()
  }
}
