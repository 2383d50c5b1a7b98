import type { Index } from './collections.ts'
import type { Bound } from './driver.ts'
import type { PathFilter } from './evaluate.ts'
import type { Span } from './spans.ts'

/** How a query is answered: which rows are looked at, and in which order they come. */
export type Plan = IdsPlan | IdPlan | IndexPlan | RowsPlan

interface Quality {
  /** The rows come in the query's order. */
  readonly sorted: boolean
  /** Every row that comes answers the query: it need not be looked into. */
  readonly exact: boolean
}

/** Single records, read by id. */
export interface IdsPlan extends Quality {
  readonly by: 'ids'
  readonly ids: readonly string[]
}

/** All records, or those of a range of ids. */
export interface IdPlan extends Quality {
  readonly by: 'id'
  readonly lower?: Bound<string>
  readonly upper?: Bound<string>
  readonly reverse: boolean
}

export interface IndexPlan extends Quality {
  readonly by: 'index'
  readonly index: Index
  /** Disjoint, in the order in which they are scanned. */
  readonly spans: readonly Span[]
  readonly reverse: boolean
  /** The value of each path that the query fixes, ascending bytes, by name. */
  readonly fixed: ReadonlyMap<string, Uint8Array>
}

/** Rows of a mapped table that some of these conditions let through. */
export interface RowsPlan extends Quality {
  readonly by: 'rows'
  readonly conditions: readonly PathFilter[]
}
