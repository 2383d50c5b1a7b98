import type { SqlIndex } from '../../kernel/ports/sql/index.ts'
import type { Collection, MappedField, TableMapping } from '../../kernel/ports/storage/index.ts'
import type { Codec } from './mapped-codec.ts'
import type { TimeForm } from './mapped-times.ts'

export interface LaidField extends MappedField {
  readonly codec: Codec
  readonly nullable: boolean
}

export interface LaidTime {
  readonly column: string
  readonly nullable: boolean
  readonly form: TimeForm
}

/** A version that is counted, or one that is made anew by each write. */
export type VersionForm = { readonly is: 'text' } | { readonly is: 'integer'; readonly max: bigint }

/** A mapping met with its table: all that reading and writing need. */
export interface Layout {
  readonly collection: Collection
  readonly mapping: TableMapping
  readonly id: Codec
  /** Whether rows are in the order of their ids' bytes. */
  readonly ordersIds: boolean
  readonly version: VersionForm
  readonly fields: readonly LaidField[]
  /** The fields by the names on their paths. */
  readonly tree: Branch
  /** Undefined where no column has it. */
  readonly times: Readonly<Record<'createdAt' | 'updatedAt', LaidTime | undefined>>
  /** Those that the manifest names. */
  readonly indexes: readonly SqlIndex[]
  /** All of the table, to tell what a unique one compares. */
  readonly allIndexes: readonly SqlIndex[]
}

/** An object of the document: what stands in it by name. */
export class Branch {
  readonly below = new Map<string, Branch | LaidField>()
}

export function treeOf(fields: readonly LaidField[]): Branch {
  const root = new Branch()
  for (const field of fields) {
    let at = root
    for (const segment of field.path.segments.slice(0, -1)) {
      const known = at.below.get(segment)
      // No mapped path stands inside another.
      const next = known instanceof Branch ? known : new Branch()
      at.below.set(segment, next)
      at = next
    }
    at.below.set(field.path.segments.at(-1) ?? '', field)
  }
  return root
}
