import type { Knex } from 'knex'
import type { Call, Clock, Refusal } from '../../kernel/plugin.ts'
import { type Definition, ddlStatements, makeShape, type Params, type Shape, type SqlConnection, SqlRefusal, type SqlStep, type Statement } from '../../kernel/ports/sql/index.ts'
import { describe } from './describe.ts'
import { compilingKnex, dialect, serverNow } from './dialect.ts'
import { toDatabaseError } from './faults.ts'
import { holdLock } from './lock.ts'
import type { Pool } from './pool.ts'
import { Programs, Reading } from './programs.ts'
import { boundedStatement, type SessionSettings, unboundedStatement } from './session.ts'
import type { ServerSignals } from './signals.ts'
import { tableOf } from './structure.ts'

export interface ConnectionParts {
  /** The connection's name, for errors. */
  readonly connection: string
  readonly settings: SessionSettings
  readonly clock: Clock
  readonly pool: Pool
  readonly signals: ServerSignals
}

/** One PostgreSQL database. */
export class PostgresConnection implements SqlConnection {
  readonly dialect = dialect
  readonly signals: ServerSignals
  readonly #parts: ConnectionParts
  readonly #programs: Programs

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.signals = parts.signals
    this.#programs = new Programs(parts.connection, parts.pool)
  }

  shape<N extends string = never>(build: (knex: Knex, p: Params<N>) => Knex.QueryBuilder | Knex.Raw): Shape<N> {
    return makeShape({ knex: compilingKnex, now: serverNow, clock: this.#parts.clock }, build)
  }

  query<Row extends object>(statement: Statement, call: Call): Promise<Row[]> {
    return this.#programs.query<Row>(statement, call)
  }

  async queryOne<Row extends object>(statement: Statement, call: Call): Promise<Row | undefined> {
    const [row] = await this.#programs.query<Row>(statement, call)
    return row
  }

  async execute(program: readonly SqlStep[], call: Call): Promise<number[]> {
    const done = await this.#programs.run(program, call)
    if ('reason' in done) throw new SqlRefusal(done)
    return [...done]
  }

  async executeAndQuery<Row extends object>(program: readonly SqlStep[], reading: Statement, call: Call): Promise<{ readonly changed: readonly number[]; readonly rows: readonly Row[] }> {
    const wanted = new Reading<Row>(reading)
    const done = await this.#programs.run(program, call, wanted)
    if ('reason' in done) throw new SqlRefusal(done)
    // What was done is done: that its reading broke is a read's failure, and is tried again.
    return { changed: done, rows: wanted.rows ?? (await this.query<Row>(reading, call)) }
  }

  async commit(steps: readonly SqlStep[], call: Call): Promise<Refusal | undefined> {
    const done = await this.#programs.run(steps, call)
    return 'reason' in done ? done : undefined
  }

  async define(build: Definition, call: Call): Promise<void> {
    const { connection, pool, settings } = this.#parts
    const statements = this.definitions(build)
    const client = await pool.acquire(call)
    try {
      await client.query(unboundedStatement)
      for (const statement of statements) await client.query(statement)
      await client.query(boundedStatement(settings))
      pool.release(client)
    } catch (error) {
      pool.discard(client)
      throw toDatabaseError(connection, error)
    }
  }

  definitions(build: Definition): readonly string[] {
    const knex = compilingKnex()
    return ddlStatements(knex, build(knex))
  }

  table(name: string, call: Call): ReturnType<typeof tableOf> {
    return tableOf(this.#programs, name, call)
  }

  describe(table: string, call: Call): ReturnType<typeof describe> {
    return describe(this.#programs, table, call)
  }

  async now(call: Call): Promise<number> {
    const [row] = await this.#programs.query<{ readonly now: number }>({ sql: 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now', params: [] }, call)
    if (!row) throw new RangeError('the server told no time')
    return row.now
  }

  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    return holdLock(this.#parts.pool, this.#parts.connection, name, call, body)
  }

  async health(call: Call): Promise<void> {
    await this.#programs.query({ sql: 'select 1', params: [] }, call)
  }
}
