import type { Call } from '../../kernel/plugin.ts'
import { type ColumnKind, integerOf, type SqlColumn, type SqlIndex, type TableStructure } from '../../kernel/ports/sql/index.ts'
import type { Programs } from './programs.ts'

interface ColumnRow {
  readonly name: string
  /** `int`, and in whole `int(10) unsigned`. */
  readonly type: string
  readonly declared: string
  readonly nullable: string
  readonly standard: string | null
  readonly extra: string
  readonly chars: number | string | null
  readonly bytes: number | string | null
  readonly digits: number | string | null
  readonly scale: number | string | null
  readonly collation: string | null
  /** Digits after the second. */
  readonly fraction: number | string | null
}

interface IndexRow {
  readonly name: string
  readonly distinct: number | string
  readonly column: string | null
  /** How much of the column's value it holds; null for all. */
  readonly part: number | string | null
}

const columnsOf = `
  select column_name as name, data_type as type, column_type as declared, is_nullable as nullable, column_default as standard, extra as extra,
    character_maximum_length as chars, character_octet_length as bytes, numeric_precision as digits, numeric_scale as scale, collation_name as collation, datetime_precision as fraction
  from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ? order by ordinal_position`

const indexesOf = `
  select index_name as name, non_unique as \`distinct\`, column_name as \`column\`, sub_part as part
  from information_schema.statistics where table_schema = coalesce(?, database()) and table_name = ? order by index_name, seq_in_index`

/** What a table has; undefined when the database has none of that name. */
export async function describe(programs: Programs, table: string, call: Call): Promise<TableStructure | undefined> {
  const [name = '', schema = null] = table.split('.').reverse()
  const params = [schema, name]
  const columns = await programs.query<ColumnRow>({ sql: columnsOf, params }, call)
  if (columns.length === 0) return undefined
  const rows = await programs.query<IndexRow>({ sql: indexesOf, params }, call)
  const collations = new Map(columns.map((column) => [column.name, column.collation]))
  return { columns: columns.map(columnOf), indexes: [...Map.groupBy(rows, (row) => row.name).values()].map((parts) => indexOf(parts, collations)) }
}

function columnOf(row: ColumnRow): SqlColumn {
  const extra = row.extra.toLowerCase()
  return {
    name: row.name, kind: kindOf(row), declared: row.declared, nullable: row.nullable === 'YES',
    filled: (row.standard !== null && row.standard !== 'NULL') || extra.includes('auto_increment'),
    generated: /\b(virtual|stored|persistent) generated\b|\bgenerated always\b/.test(extra),
  }
}

/** In the order of their bytes are only texts that are compared without padding. */
const bytewise = ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin']

function indexOf(parts: readonly IndexRow[], collations: ReadonlyMap<string, string | null>): SqlIndex {
  const [first] = parts
  return {
    name: first?.name === 'PRIMARY' ? 'primary' : (first?.name ?? ''), primary: first?.name === 'PRIMARY', unique: Number(first?.distinct) === 0,
    columns: parts.map(({ column }) => column ?? undefined), partial: parts.some(({ part }) => part !== null),
    bytewise: bytewise.includes(collations.get(first?.column ?? '') ?? ''),
  }
}

const bits: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 }

function kindOf({ type, declared, chars, bytes, digits, scale, fraction, collation }: ColumnRow): ColumnKind {
  // BOOLEAN is another name of it.
  if (declared === 'tinyint(1)') return { is: 'boolean' }
  const size = bits[type]
  if (size !== undefined) return integerOf(size, declared.includes('unsigned'))
  const narrow = collation !== null && !collation.startsWith('utf8mb4') ? { collation } : {}
  if (type === 'char' || type === 'varchar') return { is: 'text', padded: type === 'char', maxChars: Number(chars), ...narrow }
  if (/^(tiny|medium|long)?text$/.test(type)) return { is: 'text', padded: false, maxBytes: Number(bytes), ...narrow }
  if (type === 'decimal') return { is: 'decimal', digits: Number(digits), scale: Number(scale) }
  if (type === 'double' || type === 'float' || type === 'uuid' || type === 'date') return { is: type }
  if (type === 'datetime' || type === 'timestamp') return { is: 'time', fraction: Number(fraction) }
  if (type === 'enum') return { is: 'choice', orBlank: true, values: Array.from(declared.matchAll(/'((?:[^']|'')*)'/g), ([, word = '']) => unescaped(word)) }
  // MySQL's own JSON reads numbers with an error in the last digit. MariaDB's is a text.
  return { is: 'other' }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', 0: '\0' }

/** A word of an enum as the server shows it in a declaration. */
function unescaped(word: string): string {
  return word.replaceAll(/''|\\(.)/g, (_, escaped: string | undefined) => (escaped === undefined ? `'` : (escapes[escaped] ?? escaped)))
}
