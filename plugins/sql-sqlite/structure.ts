import type { ColumnKind, SqlColumn, SqlIndex, TableStructure } from '../../kernel/ports/sql/index.ts'
import { integerOf } from '../../kernel/ports/sql/index.ts'

/** Reads rows; SQLite's own tables tell of the others. */
type Ask = (sql: string, params: readonly string[]) => unknown[]

interface ColumnRow {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly dflt_value: string | null
  /** Its place in the primary key, from 1. */
  readonly pk: number
  /** 2 and 3: computed; 1: of a virtual table. */
  readonly hidden: number
}

interface IndexRow {
  readonly name: string
  readonly unique: number
  readonly origin: string
  readonly partial: number
}

interface IndexColumnRow {
  readonly name: string | null
  readonly desc: number
  readonly coll: string
  readonly key: number
}

/** What a table has; undefined when the file has none of that name. */
export function structureOf(ask: Ask, table: string): TableStructure | undefined {
  const [name = '', schema = 'main'] = table.split('.').reverse()
  // Their own function: the names of these pragmas' columns are words of SQL.
  const rows = ask('select name, type, "notnull", dflt_value, pk, hidden from pragma_table_xinfo(?, ?) where hidden <> 1', [name, schema]) as ColumnRow[]
  if (rows.length === 0) return undefined

  const key = rows.filter((row) => row.pk > 0).sort((a, b) => a.pk - b.pk)
  const isRowid = key.length === 1 && key[0]?.type.toLowerCase() === 'integer'
  const indexes = (ask('select name, "unique", origin, partial from pragma_index_list(?, ?)', [name, schema]) as IndexRow[]).map((index) => indexOf(ask, index, schema))
  // The key of a table that is kept by its row ids has no index of its own.
  const rowid: SqlIndex = { name: 'primary', columns: key.map((row) => row.name), unique: true, primary: true, partial: false, bytewise: false }
  return {
    columns: rows.map((row) => columnOf(row, isRowid && row.pk > 0)),
    indexes: isRowid && !indexes.some((index) => index.primary) ? [rowid, ...indexes] : indexes,
  }
}

function columnOf(row: ColumnRow, isRowid: boolean): SqlColumn {
  return {
    name: row.name, kind: kindOf(row.type), declared: row.type,
    nullable: row.notnull === 0 && !isRowid, filled: row.dflt_value !== null || isRowid, generated: row.hidden !== 0,
  }
}

function indexOf(ask: Ask, { name, unique, origin, partial }: IndexRow, schema: string): SqlIndex {
  const columns = (ask('select name, "desc", coll, key from pragma_index_xinfo(?, ?) order by seqno', [name, schema]) as IndexColumnRow[]).filter((column) => column.key === 1)
  return {
    name, unique: unique === 1, primary: origin === 'pk', partial: partial === 1,
    columns: columns.map((column) => column.name ?? undefined), bytewise: columns[0]?.coll === 'BINARY',
  }
}

/** By the declared type, as SQLite gives a column its affinity; what a row really holds, only the row says. */
function kindOf(declared: string): ColumnKind {
  const type = declared.toUpperCase()
  if (type.includes('INT')) return integerOf(64)
  if (/CHAR|CLOB|TEXT/.test(type)) return { is: 'text', padded: false }
  if (/REAL|FLOA|DOUB|NUMERIC|DECIMAL|NUMBER/.test(type)) return { is: 'double' }
  if (type.startsWith('BOOL')) return { is: 'boolean' }
  return { is: type.startsWith('JSON') ? 'json' : 'other' }
}
