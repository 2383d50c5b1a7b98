import type { Call } from '../../kernel/plugin.ts'
import type { SqlConnection } from '../../kernel/ports/sql/index.ts'

/** The row under a name that no lock has: its fencing token is no less than that of any row that was taken away. */
export const floorName = ''
/** Later than any time. */
const never = Number.MAX_SAFE_INTEGER

export function tableOf(binding: string): string {
  // A dot would part a schema from a table.
  return `${binding.replace('.', '_')}__locks`
}

/** Makes what is missing; where nothing is, it only looks. */
export async function prepareTable(connection: SqlConnection, table: string, signal: AbortSignal): Promise<void> {
  const call: Call = { signal, remainingMs: () => 30_000, traceId: 'locks-start', text: false, degrade: () => {} }
  if (await isWhole(connection, table, call)) return
  // Two replicas that start at once must not both make it.
  await connection.lock(table, call, async () => {
    await makeTable(connection, table, call)
    if (!(await isWhole(connection, table, call))) await connection.execute([floorRow(connection, table)], call)
  })
}

async function isWhole(connection: SqlConnection, table: string, call: Call): Promise<boolean> {
  const found = await connection.table(table, call)
  if (!found?.indexes.includes(indexOf(table))) return false
  const floor = connection.shape((knex) => knex(table).select('fencing').where('name', floorName))
  return (await connection.queryOne(floor({}), call)) !== undefined
}

async function makeTable(connection: SqlConnection, table: string, call: Call): Promise<void> {
  const { types } = connection.dialect
  const found = await connection.table(table, call)
  if (!found) {
    await connection.define((knex) => knex.schema.createTable(table, (built) => {
      built.specificType('name', types.name).notNullable().primary()
      built.specificType('fencing', types.integer).notNullable()
      built.specificType('until', types.integer).notNullable()
      built.specificType('token', types.name)
      built.specificType('ended_by', types.name)
    }), call)
  }
  if (found?.indexes.includes(indexOf(table))) return
  await connection.define((knex) => connection.dialect.createIndex(knex, { table, name: indexOf(table), columns: ['until'], unique: false, ...(!found && { fresh: true }) }), call)
}

function floorRow(connection: SqlConnection, table: string) {
  return connection.shape((knex) => knex(table).insert({ name: floorName, fencing: 0, until: never }))({})
}

function indexOf(table: string): string {
  return `${table}_until`
}
