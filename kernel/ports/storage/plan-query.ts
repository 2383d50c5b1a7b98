import type { Collection, Index } from './collections.ts'
import type { MappedTable } from './driver.ts'
import type { Filter, PathFilter } from './evaluate.ts'
import { after, complement, tags } from './keys.ts'
import { limits } from './limits.ts'
import { planRows } from './mapped.ts'
import { type OrderPath, writeOrderPath } from './path.ts'
import type { IndexPlan, Plan } from './plan.ts'
import { planIds } from './plan-ids.ts'
import type { Query } from './query.ts'
import { type Constraint, constraintOf, descend, isEmpty, type Span } from './spans.ts'

/** A product of more lists than this is left to the evaluator. */
const maxSpans = 1_000

/** Which index serves a query: a function of query and manifest alone, the same on every backend; of a mapped collection also of its table. */
export function planQuery(query: Query, collection: Collection, table?: MappedTable): Plan {
  const conditions = conjuncts(query.filter)
  const byId = planIds(query, conditions)
  if (byId.plan.by === 'ids') return byId.plan
  if (table) {
    const rows = planRows(conditions)
    return table.ordersIds && byId.score > 0 && !table.narrows(rows.conditions) ? byId.plan : rows
  }

  let best: { readonly plan: Plan; readonly score: number } = byId
  const asked = askedOf(query, conditions)
  for (const index of collection.indexes) {
    const candidate = planIndex(asked, index)
    if (candidate && candidate.score > best.score) best = candidate
  }
  return best.plan
}

/** The index that a manifest would declare for the query: equal values first, then its order, or else one range. */
export function indexToDeclare(query: Query): string {
  const constraints = constraintsOf(conjuncts(query.filter))
  const named = (names: readonly string[]) => names.filter((name) => !name.startsWith('$id'))
  const points = named([...constraints].filter(([, one]) => one.points).map(([name]) => name))
  const order = query.orderBy.filter((path) => !points.includes(path.name)).map(writeOrderPath)
  const spans = named([...constraints].filter(([, one]) => !one.points && one.span).map(([name]) => name))
  const paths = [...points, ...(order.length > 0 ? order : spans.slice(0, 1))].slice(0, limits.indexPaths)
  return `[${(paths.length > 0 ? paths : ['a path that the query compares']).join(', ')}]`
}

/** The conditions that must all hold. */
function conjuncts(filter: Filter): readonly Filter[] {
  return filter.kind === 'and' ? filter.of.flatMap(conjuncts) : [filter]
}

/** What a query asks of whichever index serves it. */
interface Asked {
  readonly orderBy: readonly OrderPath[]
  readonly constraints: ReadonlyMap<string, Constraint>
  /** The value of each path that the query fixes. */
  readonly fixed: ReadonlyMap<string, Uint8Array>
  /** Whether the constraints say all that the query says. */
  readonly decided: boolean
}

function askedOf({ orderBy }: Query, conditions: readonly Filter[]): Asked {
  const constraints = constraintsOf(conditions)
  return { orderBy, constraints, fixed: fixedValues(constraints), decided: conditions.every((one) => 'path' in one) }
}

function constraintsOf(conditions: readonly Filter[]): ReadonlyMap<string, Constraint> {
  const byPath = new Map<string, PathFilter[]>()
  for (const one of conditions) {
    if (!('path' in one)) continue
    const filters = byPath.get(one.path.name)
    if (filters) filters.push(one)
    else byPath.set(one.path.name, [one])
  }
  const constraints = new Map<string, Constraint>()
  for (const [name, filters] of byPath) constraints.set(name, constraintOf(filters))
  return constraints
}

function planIndex({ orderBy, constraints, fixed, decided }: Asked, index: Index): { plan: IndexPlan; score: number } | undefined {
  const found = spansOf(index, constraints)
  const whole = found.points === index.paths.length
  // A unique index does not hold the records that lack a path, and its key has no id.
  if (index.unique && (!whole || index.paths.some(({ name }) => isMissing(constraints.get(name))))) return undefined

  const order = index.unique ? { sorted: found.spans.length < 2, reverse: false } : orderOf(orderBy, index.paths, fixed)
  const used = index.paths.slice(0, found.used).map((path) => path.name)
  const exact = decided && [...constraints].every(([name, one]) => one.exact && used.includes(name))

  const spans = found.spans.filter((span) => !isEmpty(span)).sort((a, b) => Buffer.compare(a.from, b.from))
  const plan: IndexPlan = { by: 'index', index, spans: order.reverse ? spans.reverse() : spans, fixed, exact, ...order }
  return { plan, score: found.points * 4 + (found.used - found.points) * 2 + (order.sorted ? 1 : 0) + (index.unique ? 100 : 0) }
}

function isMissing(constraint: Constraint | undefined): boolean {
  return constraint?.points?.[0]?.[0] === tags.missing
}

/** The spans of keys that the leading paths leave: lists of points multiply, and the first span ends the walk. */
function spansOf(index: Index, constraints: ReadonlyMap<string, Constraint>): { spans: readonly Span[]; points: number; used: number } {
  let prefixes: readonly Uint8Array[] = [new Uint8Array(0)]
  let points = 0
  for (const path of index.paths) {
    const constraint = constraints.get(path.name)
    if (!constraint?.points || prefixes.length * constraint.points.length > maxSpans) break
    const values = constraint.points.map((point) => (path.descending ? complement(point) : point))
    prefixes = points === 0 ? values : prefixes.flatMap((prefix) => values.map((value) => Buffer.concat([prefix, value])))
    points++
  }

  const next = index.paths[points]
  const span = next && constraints.get(next.name)?.span
  if (!next || !span) return { spans: prefixes.map(spanWithPrefix), points, used: points }
  const { from, to } = next.descending ? descend(span) : span
  return { spans: prefixes.map((prefix) => ({ from: Buffer.concat([prefix, from]), to: Buffer.concat([prefix, to]) })), points, used: points + 1 }
}

function spanWithPrefix(prefix: Uint8Array): Span {
  return prefix.length === 0 ? { from: Buffer.of(0), to: Buffer.of(0xff) } : { from: prefix, to: after(prefix) }
}

function fixedValues(constraints: ReadonlyMap<string, Constraint>): ReadonlyMap<string, Uint8Array> {
  const fixed = new Map<string, Uint8Array>()
  for (const [name, { points }] of constraints) if (points?.length === 1 && points[0]) fixed.set(name, points[0])
  return fixed
}

/** Whether the index, forwards or backwards, has the order that is wanted; a path that the query fixes orders nothing. */
function orderOf(orderBy: readonly OrderPath[], paths: readonly OrderPath[], fixed: ReadonlyMap<string, unknown>): { sorted: boolean; reverse: boolean } {
  const wanted = orderBy.filter((path) => !fixed.has(path.name))
  const given = paths.filter((path) => !fixed.has(path.name))
  const reverse = (orderBy.at(-1)?.descending ?? false) !== (paths.at(-1)?.descending ?? false)
  const sorted = wanted.length === given.length && wanted.every((path, at) => path.name === given[at]?.name && (path.descending !== given[at].descending) === reverse)
  return { sorted, reverse: sorted && reverse }
}
