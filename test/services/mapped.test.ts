import type { ExecutionContext } from 'ava'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { mappedCases } from '../plugins/storage-sql/mapped-cases.ts'
import { type MappedDatabase, startMapped } from '../plugins/storage-sql/mapped-database.ts'
import { answersAlike } from '../plugins/storage-sql/mapped-oracle.ts'
import { databaseOf, testWith } from './server.ts'

async function inPostgres(t: ExecutionContext, server: string): Promise<MappedDatabase> {
  const { url, connection } = await databaseOf(t, server)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  return {
    kind: 'postgres', connection,
    async run(sql, params = []) {
      let count = 0
      const { rows } = await client.query<Readonly<Record<string, unknown>>>(sql.replaceAll('?', () => `$${++count}`), [...params])
      return rows
    },
  }
}

async function inMariadb(t: ExecutionContext, server: string): Promise<MappedDatabase> {
  const { url, connection } = await databaseOf(t, server)
  const client = await mysql.createConnection(url)
  t.teardown(() => client.end())
  return {
    kind: 'mariadb', connection,
    async run(sql, params = []) {
      const [rows] = await client.query(sql, [...params])
      return Array.isArray(rows) ? (rows as Readonly<Record<string, unknown>>[]) : []
    },
  }
}

for (const [server, open] of [['POSTGRES', inPostgres], ['MARIADB', inMariadb]] as const) {
  for (const { title, run } of mappedCases) testWith([server], title, async (t, url = '') => run(t, await open(t, url)))

  testWith([server], 'any query is answered as over an array', async (t, url = '') => answersAlike(t, await open(t, url)))
}

const shared = {
  uuid: '0190f3a0-0000-7000-8000-00000000abcd', price: 12345678901234.56, plain: -0.5, at: '2026-02-28T23:59:59.123456Z', second: '2026-02-28T23:59:59.000Z', day: '2024-02-29',
  small: 65_535, code: 'ab', mood: 'Fine', real: Math.fround(0.1), size: '9223372036854775807', flag: true,
}
const types = (from: Readonly<Record<string, string | object>> = {}) => ({ table: 'typed', id: 'id', version: 'version', createdAt: 'made', updatedAt: 'changed', columns: { ...Object.fromEntries(Object.keys(shared).map((name) => [name, name])), ...from } })

async function typesKept(t: ExecutionContext, database: MappedDatabase, keys: object, value: Record<string, string | number | boolean>): Promise<Awaited<ReturnType<typeof startMapped>>> {
  const storage = await startMapped(t, database, { collections: { typed: keys } })
  const answered = await storage.insert({ collection: 'typed', id: 'a', value })
  const found = await storage.get({ collection: 'typed', id: 'a' })

  t.deepEqual(found, answered)
  t.deepEqual(found.value, value)
  t.deepEqual((await storage.find({ collection: 'typed', where: value, orderBy: ['-at', '$createdAt'] })).items, [found])
  for (const [name, one] of Object.entries(value)) t.is((await storage.count({ collection: 'typed', where: { [name]: { $in: [one, 'x', 1.5, true, null, ''] } } })).count, 1, name)
  for (const range of [{ $gte: '2026-02-28T23:59:59.123456Z' }, { $lte: '2026-02-28T23:59:59.123456Z' }, { $gt: '2026-02-28T23:59:59.123455Z', $lt: '2026-02-28T23:59:59.123457Z' }]) t.deepEqual(await storage.count({ collection: 'typed', where: { at: range } }), { count: 1 })
  // Ends of what a query may name, which no column need hold.
  for (const [path, low, high] of [['day', '0000-01-01', '9999-12-31'], ['day', '0001-01-01', '9999-12-31'], ['at', '0000-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.999999Z'], ['$updatedAt', '0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'], ['$createdAt', '0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'], ['small', -1e300, 1e300], ['size', -5, 1e19]] as const) {
    for (const where of [{ [path]: { $gte: low } }, { [path]: { $lte: high } }, { [path]: { $gt: low, $lt: high } }, { [path]: { $in: [low, high] } }]) await t.notThrowsAsync(storage.count({ collection: 'typed', where }), JSON.stringify(where))
  }
  return storage
}

const bad: readonly (readonly [string, string | number])[] = [
  ['at', '2026-02-30T00:00:00.000000Z'], ['at', '2026-02-28T23:59:59.123Z'], ['second', '2026-02-28T23:59:59.001Z'], ['day', '2023-02-29'], ['day', '0000-01-01'], ['at', '0000-12-31T00:00:00.000000Z'], ['day', '2023-2-9'], ['uuid', 'x'], ['uuid', '0190F3A0-0000-7000-8000-00000000ABCD'],
  ['price', 0.001], ['price', 1e15], ['small', 65_536], ['small', -1], ['code', 'ab '], ['code', 'abcde'], ['mood', 'fine'], ['mood', ''], ['real', 0.1], ['size', '18446744073709551616'], ['size', '01'],
]

testWith(['POSTGRES'], 'each type of a column keeps its values exactly, or refuses them', async (t, url = '') => {
  const database = await inPostgres(t, url)
  await database.run(`create type mood as enum ('Fine', 'so so')`)
  await database.run('create domain word as char(4)')
  await database.run(`create table typed (id text collate "C" primary key, version text not null, made timestamptz not null, changed timestamp(0) not null, uuid uuid, price numeric(16,2), plain numeric,
    at timestamptz, second timestamp(0), day date, small integer check (small between 0 and 65535), code word, mood mood, real real, size numeric(20,0), flag boolean)`)
  await database.run('create index typed_at on typed (at)')
  await database.run('create index typed_made on typed (made, mood)')
  for (const name of ['day', 'changed', 'small', 'size', 'uuid', 'mood', 'code']) await database.run(`create index typed_${name} on typed (${name})`)
  const { size: _none, ...value } = shared
  const keys = { ...types({ size: { column: 'size', type: 'integer' } }), indexes: ['at', 'made', 'day', 'changed', 'small', 'size', 'uuid', 'mood', 'code'].map((name) => `typed_${name}`) }
  const storage = await typesKept(t, database, keys, { ...value, size: 2 ** 53 - 1 })

  for (const [name, wrong] of bad) {
    // A check is the database's own word.
    const code = name === 'small' ? 'STORAGE_RULE_BROKEN' : 'STORAGE_VALUE_UNMAPPED'
    await t.throwsAsync(storage.put({ collection: 'typed', id: 'b', value: { [name]: wrong } }), { code }, `${name} ${wrong}`)
  }
  await database.run(`insert into typed (id, version, made, changed, at) values ('inf', 'v', 'infinity', now(), now()), ('old', 'v', '0044-03-15 BC', now(), now()), ('far', 'v', '1970-01-01', now(), 'infinity')`)
  for (const id of ['inf', 'old', 'far']) await t.throwsAsync(storage.get({ collection: 'typed', id }), { code: 'STORAGE_ROW_UNMAPPED' }, id)
  await database.run(`insert into typed (id, version, made, changed, plain) values ('nan', 'v', now(), now(), 'NaN'), ('long', 'v', now(), now(), 0.12345678901234567890)`)
  for (const id of ['nan', 'long']) await t.throwsAsync(storage.get({ collection: 'typed', id }), { code: 'STORAGE_ROW_UNMAPPED' }, id)
})

testWith(['MARIADB'], 'each type of a column keeps its values exactly, or refuses them', async (t, url = '') => {
  const database = await inMariadb(t, url)
  await database.run(`create table typed (id varchar(40) character set latin1 primary key, version varchar(30) not null, made datetime(6) not null, changed timestamp not null, uuid uuid, price decimal(16,2), plain decimal(10,3),
    at datetime(6), second datetime, day date, small smallint unsigned, code char(4), mood enum('Fine', 'so so'), \`real\` float, size bigint unsigned, flag tinyint(1), name varchar(20) character set latin1, short text, index typed_at (at), index typed_name (name), index typed_day (day), index typed_changed (changed), index typed_made (made), index typed_small (small), index typed_size (size), index typed_uuid (uuid), index typed_mood (mood), index typed_code (code))`)
  const keys = { ...types({ size: { column: 'size', type: 'string' }, name: 'name' }), indexes: ['at', 'name', 'day', 'changed', 'made', 'small', 'size', 'uuid', 'mood', 'code'].map((name) => `typed_${name}`) }
  const storage = await typesKept(t, database, keys, { ...shared, name: 'é ' })

  for (const [name, wrong] of bad) await t.throwsAsync(storage.put({ collection: 'typed', id: 'b', value: { [name]: wrong } }), { code: 'STORAGE_VALUE_UNMAPPED' }, `${name} ${wrong}`)
  // What its character set does not have is the database's own word.
  await t.throwsAsync(storage.put({ collection: 'typed', id: 'b', value: { name: '\u{1f600}' } }), { code: 'STORAGE_RULE_BROKEN' })
  await t.throwsAsync(storage.put({ collection: 'typed', id: '\u{1f600}', value: {} }), { code: 'STORAGE_RULE_BROKEN' })
  await t.throwsAsync(storage.get({ collection: 'typed', id: '\u{1f600}' }), { code: 'STORAGE_NOT_FOUND' })
  await t.throwsAsync(storage.delete({ collection: 'typed', id: '\u{1f600}' }), { code: 'STORAGE_NOT_FOUND' })
  t.is((await storage.find({ collection: 'typed', where: { name: { $in: ['\u{1f600}', 'é ', 'Ł'] } } })).items.length, 1)
  await database.run(`set sql_mode = ''`)
  await database.run(`insert into typed (id, version, made, changed, day) values ('zero', 'v', '0000-00-00', now(), now()), ('day', 'v', now(), now(), '2026-02-00')`)
  for (const id of ['zero', 'day']) await t.throwsAsync(storage.get({ collection: 'typed', id }), { code: 'STORAGE_ROW_UNMAPPED' }, id)
})

for (const [server, open, quoted] of [['POSTGRES', inPostgres, '"Legacy Orders"'], ['MARIADB', inMariadb, '`Legacy Orders`']] as const) {
  testWith([server], 'a table of another schema is named with it', async (t, url = '') => {
    const database = await open(t, url)
    const other = `${(await databaseOf(t, url)).name}.${quoted}`
    await database.run(`create table ${other} (id integer primary key, status varchar(10) unique, version bigint not null)`)
    const storage = await startMapped(t, database, { collections: { orders: { table: other.replace(/["`]/g, ''), id: 'id', version: 'version', columns: { status: 'status' } } } })

    await storage.insert({ collection: 'orders', id: '1', value: { status: 'x' } })
    await t.throwsAsync(storage.insert({ collection: 'orders', id: '1', value: {} }), { code: 'STORAGE_ALREADY_EXISTS' })
    await t.throwsAsync(storage.insert({ collection: 'orders', id: '2', value: { status: 'x' } }), { code: 'STORAGE_NOT_UNIQUE', message: /the same status/ })
    await storage.patch({ collection: 'orders', id: '1', patch: { status: 'y' } })

    t.like((await database.run(`select * from ${other}`))[0], { id: 1, status: 'y' })
    t.deepEqual((await storage.find({ collection: 'orders', orderBy: ['status'] })).items.map(({ id }) => id), ['1'])
  })
}

testWith(['POSTGRES'], 'a column that gets another type while Portico runs is read on, on every connection that was open', async (t, url = '') => {
  const database = await inPostgres(t, url)
  await database.run('create table counted (id text primary key, version bigint not null, n real)')
  const storage = await startMapped(t, database, { collections: { counted: { table: 'counted', id: 'id', version: 'version', columns: { n: 'n' } } } })
  await storage.insert({ collection: 'counted', id: 'a', value: { n: 5 } })
  const read = () => Promise.all(Array.from({ length: 20 }, async () => (await storage.find({ collection: 'counted', where: { n: 5 } })).items.map(({ id, value }) => [id, value['n']])))
  await read()

  await database.run('alter table counted alter column n type double precision')

  for (const found of await read()) t.deepEqual(found, [['a', 5]])
})

for (const [server, open] of [['POSTGRES', inPostgres], ['MARIADB', inMariadb]] as const) {
  testWith([server], 'a version in a padded column is told as it is compared', async (t, url = '') => {
    const database = await open(t, url)
    await database.run('create table padded (id varchar(20) primary key, version char(60) not null, n integer)')
    const storage = await startMapped(t, database, { collections: { padded: { table: 'padded', id: 'id', version: 'version', columns: { n: 'n' } } } })
    const { version } = await storage.insert({ collection: 'padded', id: 'a', value: { n: 1 } })

    const found = await storage.get({ collection: 'padded', id: 'a' })
    t.is(found.version, version)
    await storage.put({ collection: 'padded', id: 'a', value: { n: 2 }, ifVersion: found.version })

    t.like((await storage.get({ collection: 'padded', id: 'a' })).value, { n: 2 })
  })
}

testWith(['MARIADB'], 'an enum keeps words with quotes, backslashes and breaks, and the blank that another program left is found', async (t, url = '') => {
  const database = await inMariadb(t, url)
  const words = [`it's`, 'a\\b', 'two\nlines', 'fine']
  await database.run('create table moods (id varchar(20) primary key, version bigint not null, mood enum(?, ?, ?, ?))', words)
  const storage = await startMapped(t, database, { collections: { moods: { table: 'moods', id: 'id', version: 'version', columns: { mood: 'mood' } } } })

  for (const [at, mood] of words.entries()) {
    await storage.insert({ collection: 'moods', id: String(at), value: { mood } })
    t.deepEqual((await storage.find({ collection: 'moods', where: { mood } })).items.map(({ id, value }) => [id, value]), [[String(at), { mood }]])
  }
  await database.run(`set sql_mode = ''`)
  await database.run(`insert into moods values ('blank', 1, 'none of them')`)

  t.deepEqual((await storage.find({ collection: 'moods', where: { mood: '' } })).items.map(({ id }) => id), ['blank'])
  await t.throwsAsync(storage.put({ collection: 'moods', id: 'blank', value: { mood: '' } }), { code: 'STORAGE_VALUE_UNMAPPED' })
})

testWith(['MARIADB'], 'whole numbers without a sign are kept and found up to 2^64-1', async (t, url = '') => {
  const database = await inMariadb(t, url)
  await database.run('create table sizes (id varchar(20) primary key, version bigint not null, size bigint unsigned)')
  const storage = await startMapped(t, database, { collections: { sizes: { table: 'sizes', id: 'id', version: 'version', columns: { size: { column: 'size', type: 'string' } } } } })

  for (const size of ['0', '9223372036854775807', '9223372036854775808', '18446744073709551614', '18446744073709551615']) {
    await storage.insert({ collection: 'sizes', id: size, value: { size } })
    t.deepEqual((await storage.find({ collection: 'sizes', where: { size } })).items.map(({ id, value }) => [id, value]), [[size, { size }]])
  }
  for (const size of ['18446744073709551616', '-1']) await t.throwsAsync(storage.insert({ collection: 'sizes', id: 'x', value: { size } }), { code: 'STORAGE_VALUE_UNMAPPED' })
})
