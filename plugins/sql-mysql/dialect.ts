import { createRequire } from 'node:module'
import type { Knex } from 'knex'
import type { Dialect } from '../../kernel/ports/sql/index.ts'
import type { Server } from './server.ts'

/** The same meaning on both: bytes compared as bytes, without padding. */
export function dialectOf({ kind }: Pick<Server, 'kind'>): Dialect {
  const collation = kind === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin'
  return {
    name: 'mysql',
    types: {
      name: `varchar(255) character set utf8mb4 collate ${collation}`,
      text: `longtext character set utf8mb4 collate ${collation}`,
      // MariaDB's keeps the text as it is. MySQL's own reads numbers with an error in the last digit.
      document: kind === 'mariadb' ? 'json' : `longtext character set utf8mb4 collate ${collation}`,
      key: 'varbinary(2700)',
      integer: 'bigint',
    },
    skipLocked: (query) => query.forUpdate().skipLocked(),
    onlyPicked: (query, table, columns, picked) => query.join(picked.as('picked'), (join) => {
      for (const column of columns) join.on(`picked.${column}`, `${table}.${column}`)
    }),
    // Beside writers; and NULLs are kept, for there are no partial indexes.
    createIndex: (knex, { table, name, columns, unique }) => [
      knex.raw(`alter table ?? add ${unique ? 'unique ' : ''}index ?? (${columns.map(() => '??').join(', ')}), algorithm=inplace, lock=none`, [table, name, ...columns]),
    ],
    documentText: (knex, column) => knex.raw('??', [column]),
    collated: (knex, value, name) => knex.raw(`convert(? using ${name.split('_', 1)[0] ?? ''}) collate ${name}`, [value]),
    plainText: (knex, column) => knex.raw(`cast(?? as char character set utf8mb4) collate ${collation}`, [column]),
    timeText: (knex, column, kind) => knex.raw(`date_format(??, '${kind === 'date' ? '%Y-%m-%d' : '%Y-%m-%dT%H:%i:%s.%fZ'}')`, [column]),
    timeParam: (text) => text.replace('T', ' ').replace('Z', ''),
    inByteOrder: (knex, column) => knex.raw('??', [column]),
  }
}

/** The server's time in ms; the same throughout a statement. */
export const serverNow = (knex: Knex): Knex.Raw => knex.raw('cast(floor(unix_timestamp(now(3)) * 1000) as signed)')

let loaded: Knex | undefined

/** knex for MySQL, to compile with: loaded when first asked for, and without a connection. */
export function compilingKnex(): Knex {
  if (loaded) return loaded
  // CommonJS, and a type import says nothing about how it is loaded.
  const knex = createRequire(import.meta.url)('knex') as (config: Knex.Config) => Knex
  return (loaded = knex({ client: 'mysql2' }))
}
