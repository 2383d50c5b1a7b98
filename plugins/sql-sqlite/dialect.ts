import { createRequire } from 'node:module'
import type { Knex } from 'knex'
import type { Dialect } from '../../kernel/ports/sql/index.ts'

/** SQLite's: text compares as its bytes, and one writer at a time needs no row locks. */
export const dialect: Dialect = {
  name: 'sqlite',
  types: { name: 'text', text: 'text', document: 'text', key: 'blob', integer: 'integer' },
  skipLocked: (query) => query,
  onlyPicked: (query, _table, columns, picked) => query.whereIn([...columns], (rows: Knex.QueryBuilder) => void rows.select(...columns).from(picked.as('picked'))),
  createIndex: (knex, { table, name, columns, unique, partial }) => [knex.schema.alterTable(table, (built) => {
    const predicate = partial && columns[0] !== undefined ? { predicate: knex.whereNotNull(columns[0]) } : {}
    if (unique) built.unique([...columns], { indexName: name, useConstraint: false, ...predicate })
    else built.index([...columns], name, predicate)
  })],
  documentText: (knex, column) => knex.raw('??', [column]),
  collated: (_, value) => value,
  plainText: (knex, column) => knex.raw('cast(?? as text) collate binary', [column]),
  // It has no type for instants or dates.
  timeText: (knex, column) => knex.raw('??', [column]),
  timeParam: (text) => text,
  inByteOrder: (knex, column) => knex.raw('?? collate binary', [column]),
}

let loaded: Knex | undefined

/** knex for SQLite, to compile with. It takes 100 ms of CPU to load, so it is loaded when first asked for, and within that call. */
export function compilingKnex(): Knex {
  if (loaded) return loaded
  // CommonJS, and a type import says nothing about how it is loaded.
  const knex = createRequire(import.meta.url)('knex') as (config: Knex.Config) => Knex
  return (loaded = knex({ client: 'better-sqlite3', useNullAsDefault: true }))
}
