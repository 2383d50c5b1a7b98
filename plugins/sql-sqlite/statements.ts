import type Database from 'better-sqlite3'
import type { SqlValue } from '../../kernel/ports/sql/index.ts'

export type Prepared = Database.Statement<[readonly SqlValue[]]>

/** As many shapes as a manifest of a hundred collections has; beyond it the oldest is prepared again when it comes back. */
const most = 2_000

/** The prepared statements of one handle, by their text. */
export class Statements {
  readonly #database: Database.Database
  readonly #bySql = new Map<string, Prepared>()

  constructor(database: Database.Database) {
    this.#database = database
  }

  get(sql: string): Prepared {
    return this.#bySql.get(sql) ?? this.#prepare(sql)
  }

  #prepare(sql: string): Prepared {
    if (this.#bySql.size >= most) {
      const oldest = this.#bySql.keys().next()
      if (!oldest.done) this.#bySql.delete(oldest.value)
    }
    const prepared = this.#database.prepare<[readonly SqlValue[]]>(sql)
    this.#bySql.set(sql, prepared)
    return prepared
  }
}
