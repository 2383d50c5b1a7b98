import type { Json } from '../../json.ts'
import { compareScalars, rankOf, type Scalar } from './order.ts'
import { type Candidate, type Path, valueAt } from './path.ts'

export type RangeOperator = 'gt' | 'gte' | 'lt' | 'lte'

/** A checked condition: `where` of a query, without sugar. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | PathFilter

/** A condition on what stands at one path. */
export type PathFilter =
  | { readonly kind: 'in'; readonly path: Path; readonly operands: ReadonlySet<Scalar> }
  | { readonly kind: 'exists'; readonly path: Path; readonly operand: boolean }
  | { readonly kind: RangeOperator | 'contains'; readonly path: Path; readonly operand: Scalar }
  | { readonly kind: 'prefix'; readonly path: Path; readonly operand: string }

/**
 * Whether the filter holds for the record: the one meaning of a query on every backend. It is two-valued: what does
 * not hold, its `not` holds. Types never convert, and a missing field is neither null nor in any range.
 */
export function holds(filter: Filter, record: Candidate): boolean {
  switch (filter.kind) {
    case 'and': return filter.of.every((one) => holds(one, record))
    case 'or': return filter.of.some((one) => holds(one, record))
    case 'not': return !holds(filter.of, record)
    default: return holdsAt(filter, valueAt(filter.path, record))
  }
}

function holdsAt(filter: PathFilter, value: Json | undefined): boolean {
  switch (filter.kind) {
    case 'exists': return (value !== undefined) === filter.operand
    case 'in': return isScalar(value) && filter.operands.has(value)
    case 'prefix': return typeof value === 'string' && value.startsWith(filter.operand)
    case 'contains': return contains(value, filter.operand)
    default: return isScalar(value) && rankOf(value) === rankOf(filter.operand) && isInRange(filter.kind, compareScalars(value, filter.operand))
  }
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function isInRange(operator: RangeOperator, difference: number): boolean {
  switch (operator) {
    case 'gt': return difference > 0
    case 'gte': return difference >= 0
    case 'lt': return difference < 0
    case 'lte': return difference <= 0
  }
}

function contains(value: Json | undefined, operand: Scalar): boolean {
  if (typeof value === 'string') return typeof operand === 'string' && value.includes(operand)
  // `includes` compares as `$eq` does: by type, and 0 with -0.
  return Array.isArray(value) && (value as readonly Json[]).includes(operand)
}
