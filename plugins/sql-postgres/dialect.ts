import { createRequire } from 'node:module'
import type { Knex } from 'knex'
import type { Dialect } from '../../kernel/ports/sql/index.ts'

export const dialect: Dialect = {
  name: 'postgres',
  // The collation "C" compares as bytes do, and UTF-8's bytes are in the order of the code points.
  types: { name: 'varchar(255) collate "C"', text: 'text', document: 'jsonb', key: 'bytea', integer: 'bigint' },
  skipLocked: (query) => query.forUpdate().skipLocked(),
  onlyPicked: (query, _table, columns, picked) => query.whereIn([...columns], (rows: Knex.QueryBuilder) => void rows.select(...columns).from(picked.as('picked'))),
  createIndex: (knex, { table, name, columns, unique, partial, fresh }) => [
    // An attempt that was cut short leaves an index that is kept up and never used.
    ...(fresh ? [] : [knex.raw('drop index concurrently if exists ??', [name])]),
    knex.raw(`create ${unique ? 'unique ' : ''}index ${fresh ? '' : 'concurrently '}?? on ?? (${columns.map(() => '??').join(', ')})${partial ? ' where ?? is not null' : ''}`, [
      name, table, ...columns, ...(partial && columns[0] !== undefined ? [columns[0]] : []),
    ]),
  ],
  documentText: (knex, column) => knex.raw('??::text', [column]),
  collated: (_, value) => value,
  plainText: (knex, column) => knex.raw('??::text collate "C"', [column]),
  // The session's time zone is UTC. What has no end, or was before our era, is told as it is.
  timeText: (knex, column, kind) => knex.raw(`case when isfinite(??) and ?? >= '0001-01-01' then to_char(??::timestamp, '${kind === 'date' ? 'YYYY-MM-DD' : 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'}') else ??::text end`, [column, column, column, column]),
  timeParam: (text) => text,
  inByteOrder: (knex, column) => knex.raw('??', [column]),
}

/** The server's time in ms; the same throughout a statement, and usable in the condition of an index. As a double: numeric takes five times as long, for every row that asks. */
export const serverNow = (knex: Knex): Knex.Raw => knex.raw("floor(date_part('epoch', statement_timestamp()) * 1000)::bigint")

let loaded: Knex | undefined

/** knex for PostgreSQL, to compile with: loaded when first asked for, and without a connection. */
export function compilingKnex(): Knex {
  if (loaded) return loaded
  // CommonJS, and a type import says nothing about how it is loaded.
  const knex = createRequire(import.meta.url)('knex') as (config: Knex.Config) => Knex
  return (loaded = knex({ client: 'pg' }))
}
