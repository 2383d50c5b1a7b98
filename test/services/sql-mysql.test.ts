import mysql from 'mysql2/promise'
import { inlined } from '../../plugins/sql-mysql/message.ts'
import { serverOf, whyUnfit } from '../../plugins/sql-mysql/server.ts'
import { sqlContract } from '../contract/sql.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { changed, open, ownDatabase, plain, type Settings } from './mysql.ts'
import { testWith } from './server.ts'

for (const { title, run } of sqlContract) {
  testWith(['MARIADB'], title, async (t, server = '') => {
    const { url } = await ownDatabase(t, server)
    await run(t, { call, connect: () => open(t, { url }) })
  })
}

testWith(['MARIADB'], 'what cannot work is refused at once, with what to change, and the password is not repeated', async (t, url = '') => {
  const reasons: readonly (readonly [Partial<Settings> & { url: string }, RegExp])[] = [
    [{ url: changed(url, (one) => { one.password = 'secret' }) }, /user portico or its password is refused/],
    [{ url: changed(url, (one) => { one.pathname = '/nowhere' }) }, /no database nowhere/],
    [{ url: changed(url, (one) => { one.pathname = '' }) }, /names no database/],
    [{ url: changed(url, (one) => { one.password = 'secret'; one.search = 'charset=latin1' }) }, /has parameters/],
    [{ url: 'mysql://portico:secret@' }, /the url is none/],
    [{ url: 'postgres://portico:secret@127.0.0.1/shop' }, /begins with postgres/],
    [{ url, tls: { ...plain, enabled: true } }, /TLS/],
    [{ url, tls: { ...plain, enabled: true, ca: '/nowhere/ca.pem' } }, /tls\.ca cannot be read/],
  ]
  for (const [settings, message] of reasons) {
    const error = await t.throwsAsync(open(t, settings), { code: 'DATABASE_FAILED', message })
    t.false(error?.message.includes('secret'))
  }
  await t.throwsAsync(open(t, { url: changed(url, (one) => { one.port = '1' }), connectWithinMs: 300 }), { code: 'DATABASE_UNAVAILABLE' })
})

testWith(['MARIADB'], 'a user who may only read is refused, and one who may write to single tables is not', async (t, server = '') => {
  const { name, url, admin } = await ownDatabase(t, server)
  const user = name.slice(0, 20)
  await admin.query(`create table ${name}.items (id int)`)
  await admin.query(`create user ${user} identified by 'x'`)
  t.teardown(() => admin.query(`drop user ${user}`).then(() => undefined))
  const settings = { url: changed(url, (one) => { one.username = user; one.password = 'x' }) }

  await admin.query(`grant select on ${name}.* to ${user}`)
  await t.throwsAsync(open(t, settings), { code: 'DATABASE_FAILED', message: /may only read/ })

  await admin.query(`grant insert, update, delete on ${name}.items to ${user}`)
  await t.notThrowsAsync(open(t, settings))
})

testWith(['MARIADB'], 'a value that is written into a statement arrives as it was, whatever stands in it', async (t, url = '') => {
  const client = await mysql.createConnection({ uri: url, charset: 'utf8mb4_bin' })
  t.teardown(() => client.end())
  const texts = [`'`, `\\`, `\\'; drop table x; --`, `"?"`, '?', '\n\r\t\b\x1a', '\u{1f600}', '%_', `''`, '`', '\\\\', `?'?"?\`?`, '\u00bf\u0027', '\u2028/*']
  for (const value of texts) {
    const [rows] = await client.query(inlined({ sql: 'select ? as value, \'?\' as `a?b`', params: [value] }))
    t.deepEqual((rows as { value: string; 'a?b': string }[])[0], { value, 'a?b': '?' })
  }
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
  const [rows] = await client.query(inlined({ sql: 'select ? as bytes, ? as n, cast(? as char) as big, ? as nothing', params: [bytes, 1e21, 2n ** 62n, null] }))
  const [row] = rows as { bytes: Buffer; n: number; big: unknown; nothing: null }[]
  t.deepEqual([[...(row?.bytes ?? [])], row?.n, String(row?.big), row?.nothing], [[...bytes], 1e21, String(2n ** 62n), null])
})

testWith(['MARIADB'], 'every number of a document comes back as the same double', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const sql = await open(t, { url })
  await sql.define((knex) => knex.schema.createTable('docs', (table) => {
    table.specificType('id', sql.dialect.types.integer).notNullable().primary()
    table.specificType('doc', sql.dialect.types.document)
  }), call())
  const insert = sql.shape<'id' | 'doc'>((knex, p) => knex('docs').insert({ id: p.value('id'), doc: p.value('doc') }))
  const all = sql.shape((knex) => knex('docs').select({ doc: sql.dialect.documentText(knex, 'doc') }).orderBy('id'))
  const random = () => new Float64Array(crypto.getRandomValues(new Uint8Array(8)).buffer)[0] ?? 0
  const numbers = [5e-324, 1e308, Number.MAX_VALUE, 2 ** 63, 2 ** 64, 2 ** 53 + 2, 1e21, 0.1, -1.1030161663305387, ...Array.from({ length: 200 }, random).filter(Number.isFinite)]

  // Both ways that a value can take: prepared when alone, written into the text when not.
  await sql.execute(numbers.map((n, id) => insert({ id, doc: JSON.stringify({ n }) })), call())
  await sql.execute([{ ...insert({ id: numbers.length, doc: JSON.stringify({ n: numbers }) }), byKey: true }], call())

  const rows = (await sql.query<{ doc: string }>(all({}), call())).map(({ doc }) => (JSON.parse(doc) as { n: unknown }).n)
  t.deepEqual(rows, [...numbers, numbers])
})

testWith(['MARIADB'], 'what decides meaning is set on each connection, whatever the server has as its default', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const sql = await open(t, { url, statementTimeoutMs: 7_000, lockTimeoutMs: 3_000 })

  const [row] = await sql.query<Record<string, unknown>>({
    sql: `select @@session.time_zone as zone, @@session.sql_mode as mode, @@session.tx_isolation as isolation, @@session.collation_connection as collation, @@session.character_set_results as results,
      @@session.max_statement_time as statements, @@session.innodb_lock_wait_timeout as locks, @@session.lock_wait_timeout as structure, @@session.autocommit as autocommit`,
    params: [],
  }, call())

  t.deepEqual({ ...row }, {
    zone: '+00:00', mode: 'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', isolation: 'READ-COMMITTED',
    collation: 'utf8mb4_bin', results: 'utf8mb4', statements: 7, locks: 3, structure: 3, autocommit: 1,
  })
})

testWith(['MARIADB'], 'a server that will not do is refused with what it is', (t) => {
  const fit = { readOnly: 0, engineReadOnly: 0, pageBytes: 16_384 }
  const cases = [['8.0.36', undefined], ['8.0.17', undefined], ['8.0.13', 'MySQL 8.0.13'], ['5.7.44-log', 'MySQL 5.7.44-log'], ['10.11.19-MariaDB-0+deb12u1', undefined], ['5.5.5-10.5.9-MariaDB', 'MariaDB 10.5.9-MariaDB'], ['11.4.2-MariaDB', undefined], ['9.1.0', undefined]] as const
  for (const [version, told] of cases) {
    const refusal = whyUnfit(serverOf({ version, name: 'shop', packetBytes: 1 }), fit)
    t.is(refusal === undefined, told === undefined, version)
    if (told !== undefined) t.true(refusal?.includes(told), refusal)
  }
  const server = serverOf({ version: '8.4.0', name: 'shop', packetBytes: 1 })
  for (const unfit of [{ readOnly: 1 }, { readOnly: 'ON' }, { engineReadOnly: 1 }, { pageBytes: 8_192 }]) t.not(whyUnfit(server, { ...fit, ...unfit }), undefined)
})
