import type { ExecutionContext } from 'ava'
import type { Call, Clock } from '../../../kernel/plugin.ts'
import type { SqlConnection } from '../../../kernel/ports/sql/index.ts'
import { SqlCache } from '../../../plugins/cache-sql/driver.ts'
import { prepareTables, tablesOf } from '../../../plugins/cache-sql/tables.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import { silentLog } from '../../contract/log.ts'
import { testDatabase } from '../../contract/test-database.ts'

const { signal } = new AbortController()
export const call: Call = { signal, remainingMs: () => 30_000, traceId: 'test', text: false, degrade: () => undefined }
export const tables = tablesOf('cache.work')

/** A cache over this connection, which is closed before it. */
export async function cacheOver(t: ExecutionContext, connection: SqlConnection): Promise<SqlCache> {
  await prepareTables(connection, tables, signal)
  const driver = new SqlCache({ connection, tables, maxAgeMs: 86_400_000, log: silentLog })
  t.teardown(() => driver.close())
  return driver
}

export async function startSqlite(t: ExecutionContext, clock: Clock) {
  const database = await testDatabase('sqlite:')
  const connection = openSqlite({ connection: 'main', log: silentLog, clock, settings: { file: database.connection.with['file'] ?? '', writer: 'main', busyTimeoutMs: 5_000, synchronous: 'normal', cacheSizeBytes: 2_097_152 } })
  t.teardown(async () => {
    await connection.close()
    await database.drop()
  })
  const count = async (table: string) => (await connection.query<{ n: number }>(connection.shape((knex) => knex(table).count({ n: '*' }))({}), call))[0]?.n
  return { connection, count, driver: await cacheOver(t, connection), other: await cacheOver(t, connection) }
}
