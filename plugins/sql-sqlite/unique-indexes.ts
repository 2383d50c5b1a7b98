import type Database from 'better-sqlite3'

const uniqueColumns = `
  select s.name as "table", l.name as "index", l.origin as origin, group_concat(c.name, char(0)) as columns
  from sqlite_schema s join pragma_index_list(s.name) l join pragma_index_info(l.name) c
  where s.type = 'table' and l."unique" = 1 group by s.name, l.name order by c.seqno`

const rowidKeys = `
  select s.name as "table", c.name as "column" from sqlite_schema s join pragma_table_info(s.name) c
  where s.type = 'table' and c.pk = 1 and c.type = 'integer' collate nocase`

/** SQLite names the columns of a broken unique index, not the index: this finds it again. */
export class UniqueIndexes {
  readonly #database: Database.Database
  #byColumns = new Map<string, string>()

  constructor(database: Database.Database) {
    this.#database = database
  }

  /** The index's name, `primary` for the primary key; undefined when SQLite's words have no known form. */
  named(message: string): string | undefined {
    const words = /^UNIQUE constraint failed: (.*)$/s.exec(message)?.[1]
    if (words === undefined) return undefined

    const expression = /^index '(.*)'$/s.exec(words)?.[1]
    if (expression !== undefined) return expression

    // Looked up again when unknown: the structure may have changed, here or in another process.
    if (!this.#byColumns.has(words)) this.#read()
    return this.#byColumns.get(words)
  }

  #read(): void {
    const rowids = this.#database.prepare<[], { table: string; column: string }>(rowidKeys).all()
    const indexes = this.#database.prepare<[], { table: string; index: string; origin: string; columns: string }>(uniqueColumns).all()

    this.#byColumns = new Map([
      ...rowids.map((key) => [`${key.table}.${key.column}`, 'primary'] as const),
      ...indexes.map((one) => [one.columns.split('\0').map((column) => `${one.table}.${column}`).join(', '), one.origin === 'pk' ? 'primary' : one.index] as const),
    ])
  }
}
