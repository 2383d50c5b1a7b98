import type { Bound } from './driver.ts'
import type { Filter } from './evaluate.ts'
import { compareStrings } from './order.ts'
import type { IdPlan, IdsPlan } from './plan.ts'
import type { Query } from './query.ts'

/** The plan by the records' ids, which always serves; conditions on `$id` narrow it. */
export function planIds(query: Query, conjuncts: readonly Filter[]): { readonly plan: IdsPlan | IdPlan; readonly score: number } {
  const [first] = query.orderBy
  const byId = !first || first.own === 'id'
  const descending = byId && (first?.descending ?? false)

  const onId = conjuncts.filter((one) => 'path' in one && one.path.own === 'id')
  const [listed] = onId.filter((one) => one.kind === 'in')
  if (listed) {
    const ids = [...listed.operands].filter((id) => typeof id === 'string').sort(compareStrings)
    return { plan: { by: 'ids', ids: descending ? ids.reverse() : ids, sorted: byId, exact: false }, score: 0 }
  }

  const bounds = onId.map(boundsOf).reduce<Bounds>(narrower, {})
  const plan: IdPlan = { by: 'id', ...bounds, reverse: descending, sorted: byId, exact: byId && conjuncts.length === 0 }
  return { plan, score: (Object.keys(bounds).length > 0 ? 2 : 0) + (byId ? 1 : 0) }
}

interface Bounds {
  readonly lower?: Bound<string>
  readonly upper?: Bound<string>
}

function boundsOf(filter: Filter): Bounds {
  if (!('operand' in filter) || typeof filter.operand !== 'string') return {}
  switch (filter.kind) {
    case 'gt': return { lower: { value: filter.operand, open: true } }
    case 'gte': return { lower: { value: filter.operand, open: false } }
    case 'lt': return { upper: { value: filter.operand, open: true } }
    case 'lte': return { upper: { value: filter.operand, open: false } }
    case 'prefix': {
      const end = textAfter(filter.operand)
      return { lower: { value: filter.operand, open: false }, ...(end !== undefined && { upper: { value: end, open: true } }) }
    }
    default: return {}
  }
}

function narrower(a: Bounds, b: Bounds): Bounds {
  const lower = pick(a.lower, b.lower, 1)
  const upper = pick(a.upper, b.upper, -1)
  return { ...(lower && { lower }), ...(upper && { upper }) }
}

function pick(a: Bound<string> | undefined, b: Bound<string> | undefined, direction: 1 | -1): Bound<string> | undefined {
  if (!a || !b) return a ?? b
  const difference = compareStrings(a.value, b.value) * direction
  if (difference === 0) return a.open ? a : b
  return difference > 0 ? a : b
}

/** The first text after all that begin with `prefix`; undefined when there is none. */
function textAfter(prefix: string): string | undefined {
  const characters = Array.from(prefix)
  while (characters.at(-1) === '\u{10ffff}') characters.pop()
  const last = characters.pop()?.codePointAt(0)
  if (last === undefined) return undefined
  // Surrogates are no characters.
  return characters.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1)
}
