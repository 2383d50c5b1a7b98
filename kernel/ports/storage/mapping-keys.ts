import type { JsonSchema } from '../../json.ts'

/** What a field of a document is, where the column alone does not say it. */
export const fieldTypes = ['string', 'integer', 'number', 'boolean', 'json', 'timestamp', 'date'] as const
export type FieldType = (typeof fieldTypes)[number]

/** How a collection stands on a table that other programs own, as the manifest writes it. */
export interface MappingKeys {
  /** `orders`, or `schema.orders`. */
  readonly table?: string
  readonly id?: string
  readonly version?: string | { readonly column: string; readonly from: 1 }
  /** Path in the document → its column. */
  readonly columns?: Readonly<Record<string, string | { readonly column: string; readonly type?: FieldType }>>
  readonly createdAt?: string
  readonly updatedAt?: string
}

/** Judged further by `faultsOfMappings`. */
const column: JsonSchema = { type: 'string', minLength: 1, maxLength: 64 }

/** The keys of a collection that has a `table`. */
export const mappingProperties: Readonly<Record<keyof MappingKeys, JsonSchema>> = {
  table: { type: 'string', minLength: 1, maxLength: 129, description: 'A table that other programs own, `schema.table` where it is in another schema: the collection stands on it, and it is never changed. With `id`, `version` and `columns`; `indexes` then names indexes that the table has.' },
  id: { ...column, description: 'The column of the record\'s id: text or whole numbers, and unique by itself.' },
  version: {
    description: 'The column that every write changes, and that every write demands to be unchanged: text, or whole numbers of 64 bits. Of a smaller one, that begins at 1: `{ column: row_version, from: 1 }`.',
    anyOf: [column, { type: 'object', additionalProperties: false, required: ['column', 'from'], properties: { column, from: { const: 1 } } }],
  },
  columns: {
    type: 'object', minProperties: 1, maxProperties: 500, description: 'Path in the document → its column, with a `type` where the column\'s own does not say it.',
    additionalProperties: { anyOf: [column, { type: 'object', additionalProperties: false, required: ['column'], properties: { column, type: { enum: fieldTypes } } }] },
  },
  createdAt: { ...column, description: 'The column of the time when a record was added: a timestamp, or milliseconds since 1970 as whole numbers. Without one it is not known, and told as 1970.' },
  updatedAt: { ...column, description: 'The column of the time of its last change, as `createdAt`.' },
}

/** The name of an index of the table. */
export const indexName: JsonSchema = { type: 'string', minLength: 1, maxLength: 128 }
