import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'

/** So many changes go on at once where a turn is a row; keys whose turn is the same wait for one another. */
const turns = 64

/** The rows of `count` that are turns: where a lock by number is not to be had. */
export function turnNames(dialect: SqlConnection['dialect']): readonly string[] {
  return dialect.name === 'mysql' ? Array.from({ length: turns }, (_, at) => `turn${at}`) : []
}

/**
 * A step with which a program waits, first of all, for whoever changes the same key, until that one's commit. A change meets
 * several rows, and two that met the same ones in other orders would wait for each other until the database ends one of them.
 * PostgreSQL has locks by number that end with a transaction, MySQL locks a row that it leaves as it is, and SQLite has one writer.
 */
export function makeTurn({ shape, dialect }: Pick<SqlConnection, 'shape' | 'dialect'>, count: string): (hash: string) => readonly SqlStep[] {
  if (dialect.name === 'sqlite') return () => []
  if (dialect.name === 'postgres') {
    const lock = shape<'turn'>((knex, p) => knex.raw('select pg_advisory_xact_lock(?)', [p.value('turn')]))
    return (hash) => [lock({ turn: Buffer.from(hash, 'base64url').readBigInt64BE() })]
  }
  const touch = shape<'name'>((knex, p) => knex(count).where('name', p.value('name')).update({ stamp: knex.ref('stamp') }))
  return (hash) => [touch({ name: `turn${Buffer.from(hash, 'base64url').readUInt8() % turns}` })]
}
