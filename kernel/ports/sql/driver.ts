import type { Knex } from 'knex'
import type { Call } from '../../call.ts'
import type { Commits } from '../../binding/unit.ts'
import type { TableStructure } from './structure.ts'

/** What a parameter can be on every SQL backend; integers within ±2^53. */
export type SqlValue = string | number | bigint | null | Uint8Array

/** A compiled statement with its values, ready to send. */
export interface Statement {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

/** One statement of a program. */
export interface SqlStep extends Statement {
  /** How many rows it must change; another number refuses the whole program. */
  readonly expect?: number
  /** It meets at most one row, by a primary key: alone in its program it needs no transaction to be undone in. */
  readonly byKey?: true
}

/**
 * The placeholders of one shape: `p.value('id')` where a value goes, `p.now` for the backend's time in milliseconds
 * (an expression on a server, the kernel's clock when embedded). The same name may stand in several places.
 */
export interface Params<N extends string> {
  value(name: N): Knex.Raw
  /** For `.limit(p.limit('max'))` and `.offset`, where knex takes only whole numbers. */
  limit(name: N): number
  readonly now: Knex.Raw
}

/** Compiled once; called with values it gives a statement. */
export type Shape<N extends string> = (values: Readonly<Record<N, SqlValue>>) => Statement

/** Column types that keep Portico's meaning on this database: what `specificType` takes. */
export interface SqlTypes {
  /** Up to 255 bytes of UTF-8, compared byte by byte, without padding. */
  readonly name: string
  /** Free text. */
  readonly text: string
  /** JSON in the database's own type. */
  readonly document: string
  /** Bytes that are indexed and ordered as bytes (at most 2,700). */
  readonly key: string
  /** A signed 64-bit integer: instants in ms, counts. */
  readonly integer: string
}

/** An index to make. */
export interface IndexDefinition {
  readonly table: string
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
  /** Leaves out rows where its first column is NULL, on a database that can; elsewhere the index is only larger. */
  readonly partial?: true
  /** The table is made by the same definition: no writer is held up, and no transaction of others need be waited for. */
  readonly fresh?: true
}

/** What differs between databases, as data and small builders; everything else is knex. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres' | 'mysql'
  readonly types: SqlTypes
  /** Adds `FOR UPDATE SKIP LOCKED` where the database has it. */
  skipLocked(query: Knex.QueryBuilder): Knex.QueryBuilder
  /**
   * Narrows `query`, an update or a deletion of rows of `table`, to those whose `columns` the query `picked` selects: as a
   * derived table, for MySQL changes no table that a subquery reads, or as a join, for MariaDB asks a subquery about every row.
   */
  onlyPicked(query: Knex.QueryBuilder, table: string, columns: readonly string[], picked: Knex.QueryBuilder): Knex.QueryBuilder
  /**
   * An index, and no constraint, so that it is dropped like any other. Where the database can, writers go on while it is
   * built; what an earlier attempt left unfinished is taken away first.
   */
  createIndex(knex: Knex, index: IndexDefinition): readonly (Knex.SchemaBuilder | Knex.Raw)[]
  /** Reads a document column as JSON text. */
  documentText(knex: Knex, column: string): Knex.Raw
  /** A column of any type as text that is compared by its bytes, whatever collation it has. */
  plainText(knex: Knex, column: string): Knex.Raw
  /** A value as a column of that collation can be compared with; what the column's characters lack becomes another. */
  collated(knex: Knex, value: Knex.Raw, collation: string): Knex.Raw
  /** A column of instants as `2026-11-25T17:26:24.000000Z`, or of dates as `2026-11-25`. */
  timeText(knex: Knex, column: string, kind: 'time' | 'date'): Knex.Raw
  /** What such a column takes for an instant that is written so. */
  timeParam(text: string): string
  /** A column whose index is `bytewise`, in that order, so that the index serves it. */
  inByteOrder(knex: Knex, column: string): Knex.Raw
}

/** A change of the structure, as knex builds it; pure. */
export type Definition = (knex: Knex) => Knex.SchemaBuilder | Knex.Raw | readonly (Knex.SchemaBuilder | Knex.Raw)[]

/** The driver interface of the inner port `sql`: one connection (pool) to one database. */
export interface SqlConnection extends Commits<SqlStep> {
  readonly dialect: Dialect
  /**
   * Declares a statement. knex compiles it at its first use, once, and never again; `build` is pure.
   * The result is cheap to call.
   */
  shape<N extends string = never>(build: (knex: Knex, p: Params<N>) => Knex.QueryBuilder | Knex.Raw): Shape<N>
  /** Rows of one reading statement; bytes arrive as Uint8Array. `long` marks one that may read thousands of rows and must not delay others. */
  query<Row extends object>(statement: Statement, call: Call, hint?: { readonly long?: boolean }): Promise<Row[]>
  /** One row or none of a point read. */
  queryOne<Row extends object>(statement: Statement, call: Call): Promise<Row | undefined>
  /**
   * Runs all steps or none, in order, durable when answered: how many rows each changed. An empty program answers [].
   * A step changes rows; it answers none (no `returning`): mark the rows with a token and read them by it.
   * `commit` does the same and answers a refusal in place of throwing it.
   * @throws SqlRefusal when a step changed another number of rows than it expects, or broke a unique index; its
   *   `refusal.index` is the index's name, and `primary` for the primary key, whatever the database calls it. Or when the
   *   table takes no such row: a check, a foreign key, NOT NULL, a value that its column cannot hold; `refusal.rule` names it.
   * @throws DATABASE_BUSY when it surely did not run (queue full, deadline passed while it waited, another writer);
   *   DATABASE_FULL when it surely left nothing; DATABASE_OUTCOME_UNKNOWN when it may or may not have been applied.
   */
  execute(program: readonly SqlStep[], call: Call): Promise<number[]>
  /** As `execute`, then as `query`: the rows as the program left them, or as others did since. One round trip where the database can. */
  executeAndQuery<Row extends object>(program: readonly SqlStep[], reading: Statement, call: Call): Promise<{ readonly changed: readonly number[]; readonly rows: readonly Row[] }>
  /**
   * Changes the structure (tables, columns, indexes); each statement on its own, in order; a crash
   * may leave the first of them done. So ask `table` first, under `lock`, and define what is missing. Constants are
   * written into the text. Only what needs no look at the database first: SQLite adds columns, and alters none.
   */
  define(build: Definition, call: Call): Promise<void>
  /** The statements that `define` would run, in their order; for an operator to read. */
  definitions(build: Definition): readonly string[]
  /** What a table has now; undefined when it is not there. Without the index of the primary key, and without one that is unfinished. Cheap: without knex. */
  table(name: string, call: Call): Promise<{ readonly columns: readonly string[]; readonly indexes: readonly string[] } | undefined>
  /** What anybody's table has, `schema.table` where it is in another schema or database; undefined when it is not there. */
  describe(table: string, call: Call): Promise<TableStructure | undefined>
  /** The backend's time in milliseconds since the epoch: the kernel's clock when embedded. */
  now(call: Call): Promise<number>
  /**
   * Runs `body` while no other replica, and nobody else here, holds `name`; a crash frees it. Not reentrant.
   * @throws DATABASE_BUSY when it did not come free within the call's deadline.
   */
  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T>
  /** A wake-up for whoever waits on `channel` (255 bytes at most). Lossy: polling is the net. */
  readonly signals: {
    /** Who hears one: every process that is connected to this database, or this process alone. */
    readonly reach: 'server' | 'process'
    send(channel: string): void
    /** With the reach `server` also wakes every listener once whenever some may have been missed: when it begins to hear others, and after each loss. */
    on(channel: string, listener: () => void): () => void
  }
}
