import type { Knex } from 'knex'
import type { Call, Clock, Refusal } from '../../kernel/plugin.ts'
import { type Definition, ddlStatements, type Dialect, makeShape, type Params, type Shape, Signals, type SqlConnection, SqlRefusal, type SqlStep, type Statement } from '../../kernel/ports/sql/index.ts'
import { describe } from './describe.ts'
import { compilingKnex, dialectOf, serverNow } from './dialect.ts'
import { toDatabaseError } from './faults.ts'
import { holdLock } from './lock.ts'
import { ask, within } from './client.ts'
import type { Pool } from './pool.ts'
import { Programs } from './programs.ts'
import type { Server } from './server.ts'
import { unboundedStatement } from './session.ts'
import { tableOf } from './structure.ts'

export interface ConnectionParts {
  /** The connection's name, for errors. */
  readonly connection: string
  readonly clock: Clock
  readonly pool: Pool
  readonly server: Server
}

/** One database of MySQL or MariaDB. */
export class MysqlConnection implements SqlConnection {
  readonly dialect: Dialect
  readonly signals = new Signals()
  readonly #parts: ConnectionParts
  readonly #programs: Programs

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.dialect = dialectOf(parts.server)
    this.#programs = new Programs(parts.connection, parts.pool, parts.server.maxPacketBytes)
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
    return { changed: await this.execute(program, call), rows: await this.query<Row>(reading, call) }
  }

  async commit(steps: readonly SqlStep[], call: Call): Promise<Refusal | undefined> {
    const done = await this.#programs.run(steps, call)
    return 'reason' in done ? done : undefined
  }

  async define(build: Definition, call: Call): Promise<void> {
    const { connection, pool, server } = this.#parts
    const statements = this.definitions(build)
    const client = await pool.acquire(call)
    try {
      for (const statement of [unboundedStatement(server), ...statements]) await within(client, call.remainingMs(), () => ask(client, statement))
    } catch (error) {
      throw toDatabaseError(connection, error)
    } finally {
      // Its bounds are off: it is used for nothing else.
      pool.discard(client)
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
    const [row] = await this.#programs.query<{ readonly now: number }>({ sql: 'select cast(floor(unix_timestamp(now(3)) * 1000) as signed) as now', params: [] }, call)
    if (!row) throw new RangeError('the server told no time')
    return row.now
  }

  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    const { pool, connection, server } = this.#parts
    return holdLock(pool, connection, server.database, name, call, body)
  }

  async health(call: Call): Promise<void> {
    await this.#programs.query({ sql: 'select 1', params: [] }, call)
  }
}
