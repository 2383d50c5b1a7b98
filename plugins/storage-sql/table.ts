import { createHash } from 'node:crypto'
import { type Collection, type Index, writeOrderPath } from '../../kernel/ports/storage/index.ts'

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

/** Part of every name that depends on how keys are made: another form of keys is another column. */
const keyForm = 1
const longestName = 63

export const documentColumns = ['id', 'value', 'version', 'created_at', 'updated_at', 'expires_at'] as const

export function tableOf(binding: string, collection: Collection): Table {
  const name = tableName(binding, collection.name)
  return {
    name, collection,
    expiryIndex: `i_${hash(name, 'expires_at')}`,
    keys: collection.indexes.map((index) => {
      const column = `${index.unique ? 'u' : 'k'}_${hash(String(keyForm), ...index.paths.map(writeOrderPath))}`
      return { column, index, indexName: `i_${hash(name, column)}` }
    }),
  }
}

/** True for the name of a column that holds an index's keys, declared or no longer. */
export function isKeyColumn(column: string): boolean {
  return /^[ku]_[0-9a-f]{16}$/.test(column)
}

/** The name of the SQL index on a key column of this table. */
export function indexNameOf(table: string, column: string): string {
  return `i_${hash(table, column)}`
}

/**
 * `<binding>__<collection>`, a dot of the binding as `__` too. Where that is too long, or could be read in two ways, a
 * hash of both names ends it, after a `0` with which no name in a manifest begins.
 */
function tableName(binding: string, collection: string): string {
  const parts = [...binding.split('.'), collection]
  const plain = parts.join('__')
  if (plain.length <= longestName && parts.every((part) => !part.includes('__') && !part.endsWith('_'))) return plain
  return `${plain.slice(0, 40)}__0${hash(binding, collection)}`
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
