import test from 'ava'
import type { CacheWrite } from '../../../kernel/ports/cache/index.ts'
import { prepareTables } from '../../../plugins/cache-sql/tables.ts'
import { makeStatements } from '../../../plugins/cache-sql/statements.ts'
import { Sweeper } from '../../../plugins/cache-sql/sweeper.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { call, startSqlite, tables } from './start.ts'

function entry(key: string, changes: Partial<CacheWrite> = {}): CacheWrite {
  return { key, value: key, sizeBytes: 100, freshMs: null, staleMs: 0, tags: [], ...changes }
}

test('a hundred keys are read in two statements, and numbers of keys between its sizes as well', async (t) => {
  const { driver, connection } = await startSqlite(t, new VirtualClock())
  const keys = Array.from({ length: 101 }, (_, at) => `k${at}`)
  for (const key of keys.slice(0, 50)) await driver.write(entry(key), call)
  // The sweeps that this began are over.
  await driver.close()
  let queries = 0
  const { query } = connection
  connection.query = async <Row extends object>(...given: Parameters<typeof query>) => {
    queries += 1
    return query.apply(connection, given) as Promise<Row[]>
  }

  const rows = await driver.read(keys, call)
  t.is(queries, 2)
  t.deepEqual(rows.map((row) => row?.value), keys.slice(0, 100).map((key, at) => (at < 50 ? key : undefined)))
  for (const size of [0, 1, 2, 11, 50]) t.is((await driver.read(keys.slice(0, size), call)).filter((row) => row !== undefined).length, size)
})

test('of many rows that are large one read answers about a megabyte, and at least one row', async (t) => {
  const { driver } = await startSqlite(t, new VirtualClock())
  const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
  for (const [at, key] of keys.entries()) await driver.write(entry(key, { value: 'x'.repeat(at === 0 ? 2_000_000 : 200_000) }), call)

  t.is((await driver.read(keys, call)).length, 1)
  t.is((await driver.read(keys.slice(1), call)).length, 5)
})

test('what is over leaves in the background as others come, and nothing is left of it: rows, tags, fills and marks', async (t) => {
  const clock = new VirtualClock()
  const { driver, count } = await startSqlite(t, clock)
  for (let at = 0; at < 40; at += 1) await driver.write(entry(`old:${at}`, { freshMs: 1_000, tags: ['x', `t${at}`] }), call)
  for (let at = 0; at < 9; at += 1) await driver.beginFill({ key: `f${at}`, tags: ['x'], holdMs: 1_000, alone: at % 2 === 0 }, call)
  await driver.invalidate({ tags: ['x', 'y'] }, call)
  await driver.invalidate({ prefix: 'old:' }, call)
  t.is(await count(tables.marks), 4)
  await clock.advance(1_000)

  for (let at = 0; at < 400; at += 1) await driver.write(entry('new', { freshMs: 60_000, tags: ['z'] }), call)
  await driver.close()

  t.is(await count(tables.rows), 1)
  t.is(await count(tables.tags), 1)
  t.is(await count(tables.fills), 0)
  t.is(await count(tables.marks), 0)
})

test('a mark stays while a row or an open fill is older than it', async (t) => {
  const clock = new VirtualClock()
  const { driver, count, connection } = await startSqlite(t, clock)
  const fill = await driver.beginFill({ key: 'a', tags: ['x'], holdMs: 60_000, alone: false }, call)
  await driver.write(entry('b', { tags: ['x'] }), call)
  await driver.invalidate({ tags: ['x'] }, call)
  const sweeper = new Sweeper({ connection, log: silentLog, statements: makeStatements({ shape: (build) => connection.shape(build), dialect: connection.dialect }, tables) })

  await sweeper.sweep()

  t.is(await count(tables.marks), 1)
  t.deepEqual(await driver.read(['b'], call), [undefined])
  t.false(await driver.write(entry('a', { tags: ['x'], ...(fill && { fill }) }), call))
  await driver.write(entry('b'), call)
  await driver.endFill('a', fill ?? { token: '' }, call)
  await sweeper.sweep()
  t.is(await count(tables.marks), 0)
})

test('prefixes of too many lengths invalidate everything, and begin anew', async (t) => {
  const { driver, count, connection } = await startSqlite(t, new VirtualClock())
  await driver.write(entry('kept'), call)
  for (let at = 1; at <= 65; at += 1) await driver.invalidate({ prefix: 'p'.repeat(at) }, call)
  await new Sweeper({ connection, log: silentLog, statements: makeStatements({ shape: (build) => connection.shape(build), dialect: connection.dialect }, tables) }).sweep()

  t.deepEqual(await driver.read(['kept'], call), [undefined])
  t.is(await count(tables.marks), 1)
  await driver.write(entry('kept'), call)
  t.truthy((await driver.read(['kept'], call))[0])
})

test('a start that was cut short is finished by the next one', async (t) => {
  const { driver, connection } = await startSqlite(t, new VirtualClock())
  await connection.define((knex) => [knex.schema.dropTable(tables.count), knex.schema.dropTable(tables.fills)], call)

  await prepareTables(connection, tables, call.signal)

  t.true(await driver.write(entry('a'), call))
  t.truthy(await driver.beginFill({ key: 'a', tags: [], holdMs: 1_000, alone: true }, call))
})
