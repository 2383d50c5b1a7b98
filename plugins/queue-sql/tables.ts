import type { Knex } from 'knex'
import type { Call } from '../../kernel/plugin.ts'
import type { SqlConnection, SqlTypes } from '../../kernel/ports/sql/index.ts'

/** The tables of one binding. */
export interface Tables {
  readonly jobs: string
  /** Lease requests with a `requestId`, and the lease that each got. */
  readonly requests: string
  /** What is set for a whole queue. */
  readonly queues: string
}

export function tablesOf(binding: string): Tables {
  // A dot would part a schema from a table.
  const prefix = binding.replace('.', '_')
  return { jobs: `${prefix}__jobs`, requests: `${prefix}__requests`, queues: `${prefix}__queues` }
}

type ColumnKind = keyof SqlTypes

interface Column {
  readonly kind: ColumnKind
  readonly optional?: true
}

interface Index {
  readonly columns: readonly string[]
  readonly unique?: true
}

interface Table {
  readonly columns: Readonly<Record<string, Column>>
  readonly primary: readonly string[]
  /** By the end of the index's name. */
  readonly indexes: Readonly<Record<string, Index>>
}

const name = { kind: 'name' } as const
const integer = { kind: 'integer' } as const
const text = { kind: 'text' } as const
const optional = <C extends Column>(column: C) => ({ ...column, optional: true }) as const

/**
 * Jobs of every state in one table. What a lease looks through is `ready`, whose first column but the queue is NULL in
 * every job that is not ready: a range of it never meets the scheduled or finished ones, however many there are.
 */
const jobs: Table = {
  columns: {
    id: name, queue: name, state: name, payload: text, result: optional(text),
    priority: integer, ready_rank: optional(integer), attempt: integer, attempts: integer, crashes: integer,
    backoff: optional(text), progress: optional(text),
    run_at: integer, due_at: optional(integer), enqueued_at: integer, finished_at: optional(integer), listed_at: integer,
    errors: text, answers: text, idempotency_key: optional(name),
    token: optional(name), lease_until: optional(integer), worker: optional(name), revision: integer,
    size: optional(integer),
  },
  primary: ['id'],
  indexes: {
    ready: { columns: ['queue', 'ready_rank', 'run_at', 'id'] },
    due: { columns: ['state', 'due_at'] },
    list: { columns: ['queue', 'state', 'listed_at', 'id'] },
    token: { columns: ['token'] },
    key: { columns: ['queue', 'idempotency_key'], unique: true },
  },
}

const requests: Table = {
  columns: { queue: name, request_id: name, token: name, until: integer },
  primary: ['queue', 'request_id'],
  indexes: { until: { columns: ['until'] } },
}

const queues: Table = { columns: { queue: name, paused: integer }, primary: ['queue'], indexes: {} }

const shapes: { readonly [T in keyof Tables]: Table } = { jobs, requests, queues }

/** The columns of a job, in the order of its statements. */
export const jobColumns: readonly string[] = Object.keys(jobs.columns)

/** Makes what is missing of the tables; where nothing is, it only looks. */
export async function prepareTables(connection: SqlConnection, tables: Tables, signal: AbortSignal): Promise<void> {
  const call: Call = { signal, remainingMs: () => 30_000, traceId: 'queue-tables', text: false, degrade: () => {} }
  const kinds = Object.keys(shapes) as (keyof Tables)[]

  for (const kind of kinds) {
    if (await isWhole(connection, tables[kind], shapes[kind], call)) continue
    // Two replicas that start at once must not both make it.
    await connection.lock(tables[kind], call, () => complete(connection, tables[kind], shapes[kind], call))
  }
}

const indexName = (table: string, end: string) => `${table}_${end}`

async function isWhole(connection: SqlConnection, table: string, shape: Table, call: Call): Promise<boolean> {
  const found = await connection.table(table, call)
  return found !== undefined && missingIndexes(table, shape, found.indexes).length === 0 && missingColumns(shape, found.columns).length === 0
}

function missingIndexes(table: string, shape: Table, found: readonly string[]): readonly [string, Index][] {
  return Object.entries(shape.indexes).filter(([end]) => !found.includes(indexName(table, end)))
}

/** What a later version keeps beside the rest is optional, so that it can be added to a table that is there. */
function missingColumns(shape: Table, found: readonly string[]): readonly [string, Column][] {
  return Object.entries(shape.columns).filter(([name, { optional }]) => optional && !found.includes(name))
}

async function complete(connection: SqlConnection, table: string, shape: Table, call: Call): Promise<void> {
  const found = await connection.table(table, call)
  if (!found) await connection.define((knex) => createTable(knex, connection.dialect.types, table, shape), call)
  else for (const [name, { kind }] of missingColumns(shape, found.columns)) await connection.define((knex) => knex.schema.alterTable(table, (built) => void built.specificType(name, connection.dialect.types[kind])), call)

  const missing = missingIndexes(table, shape, found?.indexes ?? [])
  if (missing.length > 0) await connection.define((knex) => missing.flatMap(([end, { columns, unique = false }]) => connection.dialect.createIndex(knex, { table, name: indexName(table, end), columns, unique })), call)
}

function createTable(knex: Knex, types: SqlTypes, table: string, shape: Table): Knex.SchemaBuilder {
  return knex.schema.createTable(table, (built) => {
    for (const [column, { kind, optional }] of Object.entries(shape.columns)) {
      const definition = built.specificType(column, types[kind])
      if (!optional) definition.notNullable()
    }
    built.primary([...shape.primary])
  })
}
