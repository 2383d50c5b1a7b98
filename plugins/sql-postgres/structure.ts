import type { Call } from '../../kernel/plugin.ts'
import type { Programs } from './programs.ts'

const columnsOf = `
  select a.attname as name from pg_attribute a
  where a.attrelid = to_regclass(quote_ident($1)) and a.attnum > 0 and not a.attisdropped order by a.attnum`

/** Without the primary key's, and without one that a cut build left invalid. */
const indexesOf = `
  select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
  where i.indrelid = to_regclass(quote_ident($1)) and not i.indisprimary and i.indisvalid`

/** What a table has; undefined when the search path leads to none of that name. */
export async function tableOf(programs: Programs, name: string, call: Call): Promise<{ readonly columns: readonly string[]; readonly indexes: readonly string[] } | undefined> {
  const names = async (sql: string) => (await programs.query<{ readonly name: string }>({ sql, params: [name] }, call)).map((row) => row.name)
  const columns = await names(columnsOf)
  return columns.length === 0 ? undefined : { columns, indexes: await names(indexesOf) }
}
