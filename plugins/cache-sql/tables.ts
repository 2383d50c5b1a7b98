import type { Call } from '../../kernel/plugin.ts'
import type { Dialect, SqlConnection, SqlTypes } from '../../kernel/ports/sql/index.ts'
import { turnNames } from './turns.ts'

/** The tables of one binding. */
export interface Tables {
  /** How many invalidations there were, and on MySQL the turns that changes wait for. */
  readonly count: string
  /** What was invalidated, and the count then. */
  readonly marks: string
  readonly rows: string
  /** Which row, or fill, carries which tags. */
  readonly tags: string
  readonly fills: string
}

export function tablesOf(binding: string): Tables {
  // A dot would part a schema from a table.
  const base = binding.replace('.', '_')
  return { count: `${base}__count`, marks: `${base}__marks`, rows: `${base}__rows`, tags: `${base}__tags`, fills: `${base}__fills` }
}

/** The row of `count` that counts. */
export const countName = 'count'

interface Column {
  readonly type: keyof SqlTypes
  readonly primary?: true
  readonly nullable?: true
}

/** Columns and indexes of each table, in the order in which they are made: the rows of `count` come last of all. */
const structure: Readonly<Record<keyof Tables, { readonly columns: Readonly<Record<string, Column>>; readonly indexes: readonly (readonly string[])[] }>> = {
  rows: {
    columns: {
      hash: { type: 'name', primary: true }, key: { type: 'key' }, value: { type: 'text' }, tags: { type: 'text', nullable: true },
      stamp: { type: 'integer' }, fresh_until: { type: 'integer', nullable: true }, gone_at: { type: 'integer' },
    },
    indexes: [['gone_at'], ['stamp']],
  },
  tags: { columns: { owner: { type: 'name' }, tag: { type: 'key' } }, indexes: [['owner']] },
  marks: { columns: { name: { type: 'key', primary: true }, stamp: { type: 'integer' }, length: { type: 'integer', nullable: true } }, indexes: [['length'], ['stamp']] },
  fills: {
    columns: { name: { type: 'name', primary: true }, hash: { type: 'name' }, key: { type: 'key' }, token: { type: 'name' }, stamp: { type: 'integer' }, until: { type: 'integer' } },
    indexes: [['hash'], ['token'], ['until']],
  },
  count: { columns: { name: { type: 'name', primary: true }, stamp: { type: 'integer' } }, indexes: [] },
}

/** Makes what is missing; where nothing is, it only looks. */
export async function prepareTables(connection: SqlConnection, tables: Tables, signal: AbortSignal): Promise<void> {
  const call: Call = { signal, remainingMs: () => 30_000, traceId: 'cache-start', text: false, degrade: () => {} }
  if (await isWhole(connection, tables, call)) return
  // Two replicas that start at once must not both make them.
  await connection.lock(tables.rows, call, async () => {
    if (await isWhole(connection, tables, call)) return
    for (const which of Object.keys(structure) as (keyof Tables)[]) await makeTable(connection, tables[which], which, call)
    const counted = connection.shape<'name'>((knex, p) => knex(tables.count).insert({ name: p.value('name'), stamp: 0 }).onConflict('name').ignore())
    await connection.execute(namesOf(connection).map((name) => counted({ name })), call)
  })
}

/** The rows of `count`. */
function namesOf({ dialect }: SqlConnection): readonly string[] {
  return [...turnNames(dialect), countName]
}

/** The rows of `count` are made after all else is. */
async function isWhole(connection: SqlConnection, { count }: Tables, call: Call): Promise<boolean> {
  if (!(await connection.table(count, call))) return false
  const made = connection.shape((knex) => knex(count).count({ rows: '*' }).whereIn('name', namesOf(connection)))
  return (await connection.queryOne<{ rows: number }>(made({}), call))?.rows === namesOf(connection).length
}

async function makeTable(connection: SqlConnection, table: string, which: keyof Tables, call: Call): Promise<void> {
  const { dialect } = connection
  const { columns, indexes } = structure[which]
  const found = await connection.table(table, call)
  if (!found) await connection.define((knex) => createTable(knex, table, columns, dialect), call)
  for (const named of indexes) {
    const name = `${table}_${named.join('_')}`
    if (found?.indexes.includes(name)) continue
    await connection.define((knex) => dialect.createIndex(knex, { table, name, columns: named, unique: false, ...(!found && { fresh: true }) }), call)
  }
}

function createTable(knex: Parameters<Parameters<SqlConnection['define']>[0]>[0], table: string, columns: Readonly<Record<string, Column>>, { types }: Dialect) {
  return knex.schema.createTable(table, (built) => {
    for (const [name, { type, nullable, primary }] of Object.entries(columns)) {
      const column = built.specificType(name, types[type])
      if (!nullable) column.notNullable()
      if (primary) column.primary()
    }
  })
}
