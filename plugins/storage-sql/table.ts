import { type Collection, type Index, isKeyName, keyName, nameHash, placeName } from '../../kernel/ports/storage/index.ts'

/** Where one collection is kept. */
export interface Table {
  readonly name: string
  readonly collection: Collection
  /** The column of each index's key, in the order of the collection's indexes. */
  readonly keys: readonly KeyColumn[]
  /** The index by which expired rows are found. */
  readonly expiryIndex: string
}

export interface KeyColumn {
  readonly column: string
  /** The SQL index on it. */
  readonly indexName: string
  readonly index: Index
}

export const documentColumns = ['id', 'value', 'version', 'created_at', 'updated_at', 'expires_at'] as const

export function tableOf(binding: string, collection: Collection): Table {
  const name = placeName(binding, collection.name)
  return {
    name, collection,
    expiryIndex: indexNameOf(name, 'expires_at'),
    keys: collection.indexes.map((index) => {
      const column = keyName(index)
      return { column, index, indexName: indexNameOf(name, column) }
    }),
  }
}

/** True for the name of a column that holds an index's keys, declared or no longer. */
export const isKeyColumn = isKeyName

/** The name of the SQL index on a column of this table. */
export function indexNameOf(table: string, column: string): string {
  return `i_${nameHash(table, column)}`
}
