import type { ExecutionContext } from 'ava'
import test from 'ava'
import { inFile, items, legacyTables, type MappedDatabase, orders, startMapped } from './mapped-database.ts'

/** The lines that a start is refused with. */
async function refused(t: ExecutionContext, database: MappedDatabase, collections: object): Promise<readonly string[]> {
  const error = await t.throwsAsync(startMapped(t, database, { collections }), { any: true })
  return (error as Error).message.split('\n').filter((line) => line.includes(': '))
}

test('what does not fit is refused at once, a line each, with what to change', async (t) => {
  const database = await inFile(t)
  await legacyTables(database)
  await database.run('create table odd (a, b blob not null, c text not null, d date not null, e integer generated always as (f + 1) virtual, f int, g real not null unique)')
  await database.run('create index odd_f on odd (f) where f > 1')
  await database.run('create index odd_h on odd (f)')

  const lines = await refused(t, database, {
    orders: { ...orders, columns: { ...orders.columns, status: 'statos', seq: { column: 'seq', type: 'boolean' }, note: { column: 'note', type: 'number' } }, version: { column: 'remark', from: 1 }, indexes: ['legacy_orders_email', 'nowhere'] },
    items: { ...items, version: 'changed', createdAt: 'name', id: 'made', updatedAt: undefined, columns: { active: 'active' } },
    odd: { table: 'odd', id: 'g', version: 'c', columns: { a: 'a', e: 'e', d: 'd' }, indexes: ['odd_f', 'odd_h'] },
    gone: { table: 'gone', id: 'a', version: 'b', columns: { c: 'c' } },
  })

  t.deepEqual(lines.map((line) => line.replace(/^.*?(?=orders|items|odd|gone)/, '')).map((line) => line.slice(0, 96)), [
    'orders: legacy_orders lets the version remark be NULL; a version is NOT NULL',
    'orders: legacy_orders has no column statos; it has order_no, status, seq, amount, rate, paid, me',
    'orders: legacy_orders keeps note in note, which is of the type varchar(10), which does not keep ',
    'orders: legacy_orders has no index nowhere; it has legacy_orders_email, legacy_orders_seq, legac',
    'items: items may hold the same made twice, or none: an id is the primary key, or is NOT NULL und',
    'items: items lets the version changed be NULL; a version is NOT NULL',
    'items: items keeps a time in name, which is of the type TEXT; a time is a timestamp, or millisec',
    'odd: odd has ids in g, which is of the type REAL; an id is text, a UUID or a whole number',
    'odd: odd keeps a in a, which is of the type (none), which no field has',
    'odd: odd computes its column e itself, which takes no value; leave it out',
    'odd: odd keeps d in d, which is of the type date, which no field has',
    'odd: odd holds in its index odd_f only some rows, or the beginning of a value: no query can use ',
    'odd: odd begins its index odd_h with f, which is not mapped: no query can use it; map that colum',
    'gone: there is no table gone, or this user may not see it; name another under `table`',
  ])
  t.deepEqual(await database.run(`select name from sqlite_schema where name like 'storage%'`), [])
})

test('a column may have any name that SQL can quote', async (t) => {
  const database = await inFile(t)
  await database.run('create table "Order Table" ("id" integer primary key, "seen" bigint not null, "select" text, "a-b" text, "ż;--" text, "version" text, "c0" text)')
  const storage = await startMapped(t, database, { collections: { odd: { table: 'main.Order Table', id: 'id', version: 'seen', columns: { select: 'select', 'a.b': 'a-b', x: 'ż;--', version: 'version', id: 'c0' } } } })
  const value = { select: 's', a: { b: 't' }, x: 'u', version: 'v', id: 'w' }

  await storage.insert({ collection: 'odd', id: '1', value })
  await storage.put({ collection: 'odd', id: '1', value: { ...value, x: 'y' } })

  t.deepEqual((await storage.get({ collection: 'odd', id: '1' })).value, { ...value, x: 'y' })
  t.like((await database.run('select * from "Order Table"'))[0], { id: 1, select: 's', 'a-b': 't', 'ż;--': 'y', c0: 'w' })
})
