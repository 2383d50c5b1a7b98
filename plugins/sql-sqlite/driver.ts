import type Database from 'better-sqlite3'
import type { Knex } from 'knex'
import type { Call, Clock, Log, Refusal } from '../../kernel/plugin.ts'
import type { Definition, Params, Shape, SqlConnection, SqlStep, Statement, TableStructure } from '../../kernel/ports/sql/index.ts'
import { databaseError, ddlStatements, makeShape, SqlRefusal } from '../../kernel/ports/sql/index.ts'
import { MainCommitter, ThreadCommitter } from './committers.ts'
import type { OpenOptions } from './database.ts'
import { openFirst } from './database.ts'
import { compilingKnex, dialect } from './dialect.ts'
import { toDatabaseError } from './faults.ts'
import { Locks } from './lock.ts'
import { Reader } from './reader.ts'
import { Signals } from '../../kernel/ports/sql/index.ts'
import { Statements } from './statements.ts'
import { structureOf } from './structure.ts'
import { TurnSnapshot } from './turn-snapshot.ts'
import { Writer } from './writer.ts'

export interface SqliteParts {
  /** The connection's name, for errors. */
  readonly connection: string
  readonly settings: OpenOptions & { readonly writer: 'worker' | 'main' }
  readonly log: Log
  readonly clock: Clock
}

/**
 * Opens the file, and makes it and its folder when they are not there. Threads start with their first work.
 * @throws DATABASE_FAILED with the remedy, when the file cannot be read and written.
 */
export function openSqlite({ connection, settings, log, clock }: SqliteParts): SqliteConnection {
  const { file, busyTimeoutMs, synchronous, cacheSizeBytes } = settings
  const open: OpenOptions = { file, busyTimeoutMs, synchronous, cacheSizeBytes }
  const database = openFirst(connection, open)

  const snapshot = new TurnSnapshot(database)
  const writer = new Writer(connection, snapshot)
  const thread = settings.writer === 'worker' ? new ThreadCommitter(open, log, writer) : undefined
  writer.use(thread ?? new MainCommitter(database, snapshot, writer))
  return new SqliteConnection({ connection, clock, database, snapshot, writer, reader: new Reader(connection, open, log), locks: new Locks(connection, file), thread })
}

interface ConnectionParts {
  readonly connection: string
  readonly clock: Clock
  readonly database: Database.Database
  readonly snapshot: TurnSnapshot
  readonly writer: Writer
  readonly reader: Reader
  readonly locks: Locks
  readonly thread: ThreadCommitter | undefined
}

/** One SQLite file: point reads here, writes through the one writer, long reads on a thread of their own. */
export class SqliteConnection implements SqlConnection {
  readonly dialect = dialect
  readonly signals = new Signals()
  readonly #parts: ConnectionParts
  readonly #statements: Statements

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#statements = new Statements(parts.database)
  }

  shape<N extends string = never>(build: (knex: Knex, p: Params<N>) => Knex.QueryBuilder | Knex.Raw): Shape<N> {
    return makeShape({ knex: compilingKnex, clock: this.#parts.clock }, build)
  }

  async query<Row extends object>(statement: Statement, call: Call, hint?: { readonly long?: boolean }): Promise<Row[]> {
    if (hint?.long) return (await this.#parts.reader.query(statement, call)) as Row[]
    return this.#read(() => {
      this.#parts.snapshot.join()
      return this.#statements.get(statement.sql).all(statement.params)
    }) as Row[]
  }

  async queryOne<Row extends object>(statement: Statement, _call: Call): Promise<Row | undefined> {
    try {
      this.#parts.snapshot.join()
      return this.#statements.get(statement.sql).get(statement.params) as Row | undefined
    } catch (error) {
      throw toDatabaseError(this.#parts.connection, error)
    }
  }

  async execute(program: readonly SqlStep[], call: Call): Promise<number[]> {
    const done = await this.#parts.writer.run(program, call)
    if ('reason' in done) throw new SqlRefusal(done)
    return [...done]
  }

  async executeAndQuery<Row extends object>(program: readonly SqlStep[], reading: Statement, call: Call): Promise<{ readonly changed: readonly number[]; readonly rows: readonly Row[] }> {
    return { changed: await this.execute(program, call), rows: await this.query<Row>(reading, call) }
  }

  async commit(steps: readonly SqlStep[], call: Call): Promise<Refusal | undefined> {
    const done = await this.#parts.writer.run(steps, call)
    return 'reason' in done ? done : undefined
  }

  async define(build: Definition, call: Call): Promise<void> {
    await this.#parts.writer.define(this.definitions(build), call)
  }

  definitions(build: Definition): readonly string[] {
    const knex = compilingKnex()
    return ddlStatements(knex, build(knex))
  }

  async table(name: string, _call: Call): Promise<{ readonly columns: readonly string[]; readonly indexes: readonly string[] } | undefined> {
    const names = (sql: string) => this.#read(() => this.#statements.get(sql).all([name]) as { name: string }[]).map((row) => row.name)

    const columns = names('select name from pragma_table_info(?)')
    if (columns.length === 0) return undefined
    return { columns, indexes: names(`select name from pragma_index_list(?) where origin <> 'pk'`) }
  }

  async describe(table: string, _call: Call): Promise<TableStructure | undefined> {
    return this.#read(() => structureOf((sql, params) => this.#statements.get(sql).all(params), table))
  }

  async now(_call: Call): Promise<number> {
    return this.#parts.clock.now()
  }

  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    return this.#parts.locks.hold(name, call, body)
  }

  async health(_call: Call): Promise<void> {
    if (this.#parts.thread?.thread.hasFailed) throw databaseError(this.#parts.connection, 'unavailable', 'the writing thread crashed too often')
    this.#read(() => this.#statements.get('select count(*) from sqlite_schema').get([]))
  }

  /** Commits what was accepted, then closes every handle. */
  async close(): Promise<void> {
    await this.#parts.writer.close()
    await this.#parts.reader.close()
    this.#parts.snapshot.end()
    this.#parts.database.close()
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw toDatabaseError(this.#parts.connection, error)
    }
  }
}
