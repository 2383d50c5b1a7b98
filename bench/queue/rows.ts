import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { TestDatabase } from '../../test/contract/test-database.ts'

/** The database of a queue by hand. */
export interface Rows {
  /** Copies the row of a job so many times, each due and listed a little later than the one before. */
  copy(id: string, count: number): Promise<void>
  /** Holds a transaction open, so that nothing that dies meanwhile is removed; ends it when called. */
  hold(): Promise<() => Promise<void>>
  close(): Promise<void>
}

const table = 'queue__jobs'
const counted = 'n'
const own: Readonly<Record<string, string>> = { due_at: `due_at + ${counted}`, listed_at: `listed_at - ${counted}` }

export async function rowsOf({ url }: TestDatabase): Promise<Rows> {
  return url.startsWith('file:') ? sqliteRows(fileURLToPath(url)) : postgresRows(url)
}

async function postgresRows(url: string): Promise<Rows> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  const { rows } = await pool.query<{ name: string }>('select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1', [table])
  const insert = copying(rows.map(({ name }) => name), `lpad(to_hex(${counted}), 12, '0') || substr(id, 13)`, `generate_series(1, $2::int) ${counted}`, '$1')
  return {
    async copy(id, count) {
      await pool.query(insert, [id, count])
      await pool.query(`vacuum analyze ${table}`)
    },
    async hold() {
      const client = await pool.connect()
      await client.query('begin isolation level repeatable read')
      await client.query(`select count(*) from ${table}`)
      return async () => {
        await client.query('commit')
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

interface Database {
  prepare(sql: string): { run(values?: Readonly<Record<string, unknown>>): unknown; all(): readonly { readonly name: string }[] }
  pragma(text: string): unknown
  close(): void
}

function sqliteRows(file: string): Rows {
  const Sqlite = createRequire(import.meta.url)('better-sqlite3') as new (file: string) => Database
  const database = new Sqlite(file)
  const columns = database.prepare(`select name from pragma_table_info('${table}')`).all().map(({ name }) => name)
  const series = `(with recursive series(${counted}) as (select 1 union all select ${counted} + 1 from series where ${counted} < @count) select ${counted} from series)`
  const insert = copying(columns, `printf('%012x', ${counted}) || substr(id, 13)`, series, '@id')
  return {
    copy(id, count) {
      database.pragma('synchronous = off')
      database.prepare(insert).run({ id, count })
      database.prepare('analyze').run()
      return Promise.resolve()
    },
    hold: () => Promise.reject(new TypeError('SQLite is not measured with a transaction held open')),
    close: () => {
      database.close()
      return Promise.resolve()
    },
  }
}

function copying(columns: readonly string[], id: string, series: string, of: string): string {
  const values = columns.map((name) => (name === 'id' ? id : (own[name] ?? name)))
  return `insert into ${table} (${columns.join(', ')}) select ${values.join(', ')} from ${table} cross join ${series} where id = ${of}`
}
