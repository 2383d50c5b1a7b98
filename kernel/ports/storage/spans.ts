import type { PathFilter } from './evaluate.ts'
import { after, complement, encodeValue, tags } from './keys.ts'
import { limits } from './limits.ts'
import type { Scalar } from './order.ts'

/** The ascending bytes from `from` on and before `to`. */
export interface Span {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/** What the conditions on one path leave of it, as bytes of its values. */
export interface Constraint {
  /** Single values, ascending; undefined when no condition names them. */
  readonly points: readonly Uint8Array[] | undefined
  /** Undefined when no condition bounds it. */
  readonly span: Span | undefined
  /** Whether the points, or without them the span, say all that the conditions say. */
  readonly exact: boolean
}

export function constraintOf(filters: readonly PathFilter[]): Constraint {
  const [listed] = filters.filter((filter) => filter.kind === 'in')
  const absent = filters.some((filter) => filter.kind === 'exists' && !filter.operand)
  const spans = filters.map(spanOf).filter((span) => span !== undefined)
  const points = listed ? [...listed.operands].map((operand) => encodeValue(operand)).filter(fitsKey).sort(Buffer.compare) : absent ? [encodeValue(undefined)] : undefined

  return {
    points,
    span: spans.length === 0 ? undefined : spans.reduce(intersect),
    exact: points ? filters.length === 1 : spans.length === filters.length && !filters.some(isWidened),
  }
}

/** No index holds a longer string: such a point is nowhere, and a bound of it, times a thousand spans, would fill the memory. */
function fitsKey(bytes: Uint8Array): boolean {
  return bytes.length <= limits.keyStringBytes + 2
}

/** True for a comparison whose span says less than it, since its operand is too long for one. */
function isWidened(filter: PathFilter): boolean {
  return 'operand' in filter && typeof filter.operand === 'string' && !fitsKey(encodeValue(filter.operand))
}

function spanOf(filter: PathFilter): Span | undefined {
  if (filter.kind !== 'contains' && isWidened(filter)) return { from: Buffer.of(tags.string), to: after(Buffer.of(tags.string)) }
  switch (filter.kind) {
    case 'gt': return { from: after(encodeValue(filter.operand)), to: after(tagOf(filter.operand)) }
    case 'gte': return { from: encodeValue(filter.operand), to: after(tagOf(filter.operand)) }
    case 'lt': return { from: tagOf(filter.operand), to: encodeValue(filter.operand) }
    case 'lte': return { from: tagOf(filter.operand), to: after(encodeValue(filter.operand)) }
    case 'prefix': {
      const from = encodeValue(filter.operand).subarray(0, -1)
      return { from, to: after(from) }
    }
    case 'exists': return filter.operand ? { from: Buffer.of(tags.null), to: Buffer.of(tags.end) } : undefined
    default: return undefined
  }
}

function tagOf(operand: Scalar): Uint8Array {
  return encodeValue(operand).subarray(0, 1)
}

function intersect(a: Span, b: Span): Span {
  return { from: Buffer.compare(a.from, b.from) > 0 ? a.from : b.from, to: Buffer.compare(a.to, b.to) < 0 ? a.to : b.to }
}

/** The same values in the bytes of a descending path. */
export function descend({ from, to }: Span): Span {
  return { from: after(complement(to)), to: after(complement(from)) }
}

export function isEmpty({ from, to }: Span): boolean {
  return Buffer.compare(from, to) >= 0
}
