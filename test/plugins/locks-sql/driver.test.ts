import test, { type ExecutionContext } from 'ava'
import { SqlLocks } from '../../../plugins/locks-sql/driver.ts'
import { prepareTable, tableOf } from '../../../plugins/locks-sql/table.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import type { Call } from '../../../kernel/plugin.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { testDatabase } from '../../contract/test-database.ts'

const { signal } = new AbortController()
const call: Call = { signal, remainingMs: () => 5_000, traceId: 'test', text: false, degrade: () => {} }
const table = tableOf('locks.work')
const hourMs = 3_600_000

async function start(t: ExecutionContext) {
  const clock = new VirtualClock()
  const database = await testDatabase('sqlite:')
  const connection = openSqlite({ connection: 'main', log: silentLog, clock, settings: { file: database.connection.with['file'] ?? '', writer: 'main', busyTimeoutMs: 5_000, synchronous: 'normal', cacheSizeBytes: 2_097_152 } })
  t.teardown(async () => {
    await connection.close()
    await database.drop()
  })
  await prepareTable(connection, table, signal)
  let count = 0
  const locks = new SqlLocks(connection, table)
  const grant = async (name: string, ttlMs = 100) => {
    const token = String(count++).padStart(32, '0')
    const answer = await locks.acquire({ name, token, ttlMs }, call)
    return { token, fencingToken: 'fencingToken' in answer ? answer.fencingToken : 0 }
  }
  const names = async () => (await connection.query<{ name: string }>(connection.shape((knex) => knex(table).select('name'))({}), call)).map(({ name }) => name)
  return { clock, connection, locks, grant, names }
}

test('rows go an hour after their locks were over, and their fencing tokens never come back', async (t) => {
  const { clock, locks, grant, names } = await start(t)
  let last = 0
  for (let count = 0; count < 7; count++) {
    const { token, fencingToken } = await grant('old')
    await locks.release({ name: 'old', token }, call)
    t.true(fencingToken > last)
    last = fencingToken
  }
  await grant('held', 2 * hourMs)

  await clock.advance(hourMs + 200)
  for (let count = 0; count < 60; count++) await grant(`new ${count}`)

  t.false((await names()).includes('old'))
  t.true((await names()).includes('held'))
  t.true((await grant('old')).fencingToken > last)
})

test('rows that are over for less than an hour stay', async (t) => {
  const { clock, grant, names } = await start(t)
  await grant('old')

  await clock.advance(hourMs)
  for (let count = 0; count < 60; count++) await grant(`new ${count}`)

  t.true((await names()).includes('old'))
})

test('a start that broke off is completed by the next one', async (t) => {
  const { connection, grant } = await start(t)
  await connection.define((knex) => knex.schema.dropTable(table), call)
  await connection.define((knex) => knex.schema.createTable(table, (built) => {
    for (const [column, type] of [['name', 'text'], ['fencing', 'integer'], ['until', 'integer'], ['token', 'text'], ['ended_by', 'text']] as const) built.specificType(column, type)
    built.primary(['name'])
  }), call)

  await prepareTable(connection, table, signal)
  await prepareTable(connection, table, signal)

  t.true((await grant('a')).fencingToken > 0)
})

test('a table without the row that new names count on from is told, and not asked for ever', async (t) => {
  const { connection, grant } = await start(t)
  await connection.execute([connection.shape((knex) => knex(table).delete())({})], call)

  await t.throwsAsync(grant('a'), { code: 'DATABASE_FAILED' })
})
