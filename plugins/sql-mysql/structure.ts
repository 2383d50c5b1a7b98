import type { Call } from '../../kernel/plugin.ts'
import type { Programs } from './programs.ts'

const columnsOf = 'select column_name as name from information_schema.columns where table_schema = database() and table_name = ? order by ordinal_position'
const indexesOf = `select distinct index_name as name from information_schema.statistics where table_schema = database() and table_name = ? and index_name <> 'PRIMARY'`

/** What a table has, without the primary key's index; undefined when the database has none of that name. */
export async function tableOf(programs: Programs, name: string, call: Call): Promise<{ readonly columns: readonly string[]; readonly indexes: readonly string[] } | undefined> {
  const names = async (sql: string) => (await programs.query<{ readonly name: string }>({ sql, params: [name] }, call)).map((row) => row.name)
  const columns = await names(columnsOf)
  return columns.length === 0 ? undefined : { columns, indexes: await names(indexesOf) }
}
