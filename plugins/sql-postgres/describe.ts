import type { Call } from '../../kernel/plugin.ts'
import { type ColumnKind, integerOf, type SqlColumn, type SqlIndex, type TableStructure } from '../../kernel/ports/sql/index.ts'
import type { Programs } from './programs.ts'

interface ColumnRow {
  readonly name: string
  readonly type: string
  /** `e` for an enum, `b` for a base type. */
  readonly form: string
  readonly modifier: number
  /** Of an enum. */
  readonly values: readonly string[] | null
  readonly declared: string
  readonly nullable: boolean
  readonly filled: boolean
  readonly generated: boolean
}

interface IndexRow {
  readonly name: string
  readonly unique: boolean
  readonly primary: boolean
  readonly partial: boolean
  readonly bytewise: boolean
  readonly columns: readonly (string | null)[]
}

/** A name alone is looked up along the search path. */
const tableOf = (qualified: boolean) => (qualified ? `to_regclass(quote_ident($1) || '.' || quote_ident($2))` : 'to_regclass(quote_ident($1))')

/** A domain is what it stands on. */
const columnsOf = (table: string) => `
  select a.attname as name, coalesce(b.typname, t.typname) as type, coalesce(b.typtype, t.typtype)::text as form,
    case when b.oid is null then a.atttypmod else t.typtypmod end as modifier, format_type(a.atttypid, a.atttypmod) as declared,
    (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = coalesce(b.oid, t.oid)) as values,
    not (a.attnotnull or t.typnotnull) as nullable, a.atthasdef or a.attidentity <> '' as filled, a.attgenerated <> '' as generated
  from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_type b on b.oid = t.typbasetype
  where a.attrelid = ${table} and a.attnum > 0 and not a.attisdropped order by a.attnum`

/** The order of a column without a collation of its own is the database's; uuids have the order of their texts. */
const indexesOf = (table: string) => `
  select c.relname as name, i.indisunique as "unique", i.indisprimary as "primary", i.indpred is not null as partial,
    coalesce(t.typname = 'uuid' or l.collname in ('C', 'POSIX', 'ucs_basic')
      or (l.collname = 'default' and d.datcollate in ('C', 'POSIX') and coalesce(to_jsonb(d)->>'datlocprovider', 'c') = 'c'), false) as bytewise,
    (select array_agg(n.attname::text order by k.at) from unnest(i.indkey) with ordinality k(num, at)
      left join pg_attribute n on n.attrelid = i.indrelid and n.attnum = k.num and k.num > 0 where k.at <= i.indnkeyatts) as columns
  from pg_index i join pg_class c on c.oid = i.indexrelid
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and i.indkey[0] > 0 left join pg_type t on t.oid = a.atttypid
    left join pg_collation l on l.oid = i.indcollation[0] join pg_database d on d.datname = current_database()
  where i.indrelid = ${table} and i.indisvalid`

/** What a table has; undefined when there is none of that name. */
export async function describe(programs: Programs, table: string, call: Call): Promise<TableStructure | undefined> {
  const params = table.split('.')
  const found = tableOf(params.length > 1)
  const columns = await programs.query<ColumnRow>({ sql: columnsOf(found), params }, call)
  if (columns.length === 0) return undefined
  const indexes = await programs.query<IndexRow>({ sql: indexesOf(found), params }, call)
  return {
    columns: columns.map((row): SqlColumn => ({ name: row.name, kind: kindOf(row), declared: row.declared, nullable: row.nullable, filled: row.filled, generated: row.generated })),
    indexes: indexes.map((row): SqlIndex => ({ ...row, columns: row.columns.map((name) => name ?? undefined) })),
  }
}

const kinds: Readonly<Record<string, ColumnKind>> = {
  int2: integerOf(16), int4: integerOf(32), int8: integerOf(64),
  float4: { is: 'float' }, float8: { is: 'double' }, bool: { is: 'boolean' }, json: { is: 'json' }, jsonb: { is: 'json' }, uuid: { is: 'uuid' }, date: { is: 'date' },
  text: { is: 'text', padded: false },
}

function kindOf({ type, form, modifier, values }: ColumnRow): ColumnKind {
  if (form === 'e') return { is: 'choice', values: values ?? [] }
  // A length and a precision stand four above what they are.
  const given = modifier - 4
  if (type === 'varchar' || type === 'bpchar') return { is: 'text', padded: type === 'bpchar', ...(modifier >= 0 && { maxChars: given }) }
  if (type === 'numeric') return modifier < 0 ? { is: 'decimal' } : decimalOf(given)
  if (type === 'timestamptz' || type === 'timestamp') return { is: 'time', fraction: modifier < 0 ? 6 : modifier }
  return kinds[type] ?? { is: 'other' }
}

/** A scale below zero rounds to tens: such a column is left alone. */
function decimalOf(given: number): ColumnKind {
  const scale = given & 0x7ff
  return scale > 1_000 ? { is: 'other' } : { is: 'decimal', digits: (given >> 16) & 0xffff, scale }
}
