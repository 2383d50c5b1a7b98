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
  readonly schedules: string
}

export function tablesOf(binding: string): Tables {
  // A dot would part a schema from a table.
  const prefix = binding.replace('.', '_')
  return { jobs: `${prefix}__jobs`, requests: `${prefix}__requests`, queues: `${prefix}__queues`, schedules: `${prefix}__schedules` }
}

type ColumnKind = keyof SqlTypes

interface Column {
  readonly kind: ColumnKind
  readonly optional?: true
}

interface Index {
  readonly columns: readonly string[]
  readonly unique?: true
  /** Only rows whose first column is not NULL, where the database can. */
  readonly partial?: true
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
 * Jobs of every state in one table. `line` is the job's queue while it stands in line, NULL in every other one: a lease looks
 * through one range of that index, which never meets the scheduled or finished ones, however many there are. `token` is that of
 * an active job, `ended_by` the one of a finished job: an index that most jobs are not in costs them nothing. `place` says
 * where an unfinished job stands in its lane: 0 in line, 1 it holds, 2 set aside, for its lane is full.
 */
const jobs: Table = {
  columns: {
    id: name, queue: name, state: name, payload: text, result: optional(text),
    priority: integer, line: optional(name), rank: integer, lane: optional(name), place: optional(integer), attempt: integer, attempts: integer, crashes: integer,
    backoff: optional(text), progress: optional(text),
    run_at: integer, due_at: optional(integer), deadline_at: optional(integer), enqueued_at: integer, finished_at: optional(integer), listed_at: integer,
    errors: text, answers: text, idempotency_key: optional(name),
    token: optional(name), ended_by: optional(name), lease_until: optional(integer), worker: optional(name), revision: integer,
    size: optional(integer),
  },
  primary: ['id'],
  indexes: {
    line: { columns: ['line', 'rank', 'id'], partial: true },
    // Without the id: InnoDB's indexes hold 3,072 bytes, and add the primary key by themselves.
    lane: { columns: ['lane', 'queue', 'place', 'rank'], partial: true },
    due: { columns: ['state', 'due_at'] },
    list: { columns: ['queue', 'state', 'listed_at', 'id'] },
    token: { columns: ['token'], partial: true },
    key: { columns: ['idempotency_key', 'queue'], unique: true, partial: true },
  },
}

const requests: Table = {
  columns: { queue: name, request_id: name, token: name, until: integer },
  primary: ['queue', 'request_id'],
  indexes: { until: { columns: ['until'] } },
}

/** `reason` tells why a paused one is; `turn` counts leases and verbs where limits let them pass one at a time; `full_at` is when the rate's bucket is full again, in µs. */
const queues: Table = { columns: { queue: name, paused: integer, reason: optional(text), turn: optional(integer), full_at: optional(integer) }, primary: ['queue'], indexes: {} }

const schedules: Table = {
  columns: { queue: name, name, spec: text, next_at: optional(integer), revision: integer },
  primary: ['queue', 'name'],
  indexes: { next: { columns: ['next_at'] } },
}

const shapes: { readonly [T in keyof Tables]: Table } = { jobs, requests, queues, schedules }

/** The columns that a job is read by; the others only serve indexes and conditions. */
export const jobColumns: readonly string[] = Object.keys(jobs.columns).filter((column) => column !== 'line' && column !== 'listed_at' && column !== 'size')

/** The start is nobody's call. */
export function startCall(signal: AbortSignal): Call {
  return { signal, remainingMs: () => 30_000, traceId: 'queue-start', text: false, degrade: () => {} }
}

/** Makes what is missing of the tables; where nothing is, it only looks. */
export async function prepareTables(connection: SqlConnection, tables: Tables, signal: AbortSignal): Promise<void> {
  const call = startCall(signal)
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
  const { dialect } = connection
  const found = await connection.table(table, call)
  const indexes = (knex: Knex, fresh: boolean) => missingIndexes(table, shape, found?.indexes ?? []).flatMap(([end, { columns, unique = false, partial }]) =>
    dialect.createIndex(knex, { table, name: indexName(table, end), columns, unique, ...(partial && { partial }), ...(fresh && { fresh }) }))
  if (!found) return connection.define((knex) => [createTable(knex, dialect.types, table, shape), ...indexes(knex, true)], call)

  for (const [name, { kind }] of missingColumns(shape, found.columns)) await connection.define((knex) => knex.schema.alterTable(table, (built) => void built.specificType(name, dialect.types[kind])), call)
  if (missingIndexes(table, shape, found.indexes).length > 0) await connection.define((knex) => indexes(knex, false), call)
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
