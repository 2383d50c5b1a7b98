import { connect, createServer, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import type { SqlConnection } from '../../kernel/ports/sql/index.ts'
import { SqlRefusal } from '../../kernel/ports/sql/index.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { changed, open, ownDatabase, type Settings } from './mysql.ts'
import { testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

/** A connection with one table of counters. */
async function withCounters(t: ExecutionContext, settings: Partial<Settings> & { readonly url: string }) {
  const sql = await open(t, settings)
  if (!(await sql.table('counters', call()))) {
    await sql.define((knex) => knex.schema.createTable('counters', (table) => {
      table.specificType('id', sql.dialect.types.name).notNullable().primary()
      table.specificType('n', sql.dialect.types.integer).notNullable()
      table.specificType('note', sql.dialect.types.text)
    }), call())
  }
  const insert = sql.shape<'id' | 'note'>((knex, p) => knex('counters').insert({ id: p.value('id'), n: 0, note: p.value('note') }))
  const addOne = sql.shape<'id'>((knex, p) => knex('counters').update({ n: knex.raw('?? + 1', ['n']) }).where({ id: p.value('id') }))
  const all = sql.shape((knex) => knex('counters').select('id', 'n').orderBy('id'))
  return {
    sql, addOne,
    insert: (id: string, note: string | null = null) => insert({ id, note }),
    counts: async (of: SqlConnection = sql) => Object.fromEntries((await of.query<{ id: string; n: number }>(all({}), call())).map(({ id, n }) => [id, n])),
  }
}

const sleepFor = (seconds: number) => ({ sql: `select sleep(${seconds}) as slept`, params: [] })

/** A way to the server that breaks when `breaksAt` stands in what the client sends: before that is passed on, or after. */
async function relay(t: ExecutionContext, url: string, breaksAt: string, when: 'before' | 'after'): Promise<string> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    const cut = () => { for (const socket of [client, upstream]) socket.destroy() }
    client.on('data', (data) => {
      const broken = data.includes(breaksAt)
      if (broken && when === 'before') return cut()
      upstream.write(data, () => { if (broken) client.destroy() })
    })
    upstream.pipe(client)
    for (const socket of [client, upstream]) socket.on('close', () => { if (when === 'before') cut() })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return changed(url, (own) => {
    own.hostname = '127.0.0.1'
    own.port = String(typeof address === 'object' ? address?.port : '')
  })
}

testWith(['MARIADB'], 'a connection that is lost before the commit has applied nothing, and the answer says so', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const direct = await withCounters(t, { url })
  await direct.sql.execute([direct.insert('a')], call())
  const sql = await open(t, { url: await relay(t, url, 'start transaction', 'before') })

  await t.throwsAsync(sql.execute([direct.addOne({ id: 'a' }), direct.addOne({ id: 'a' })], call()), { code: 'DATABASE_UNAVAILABLE' })

  t.deepEqual(await direct.counts(), { a: 0 })
})

for (const when of ['before', 'after'] as const) {
  testWith(['MARIADB'], `a commit whose answer is lost is of unknown outcome: the connection broke ${when} the server had it`, async (t, server = '') => {
    const { url } = await ownDatabase(t, server)
    const direct = await withCounters(t, { url })
    await direct.sql.execute([direct.insert('a')], call())
    const program = await open(t, { url: await relay(t, url, '\u0003commit', when) })
    const alone = await open(t, { url: await relay(t, url, 'known', when) })

    await t.throwsAsync(program.execute([direct.addOne({ id: 'a' }), direct.addOne({ id: 'a' })], call()), { code: 'DATABASE_OUTCOME_UNKNOWN' })
    await t.throwsAsync(alone.execute([{ ...direct.insert('known'), byKey: true, expect: 1 }], call()), { code: 'DATABASE_OUTCOME_UNKNOWN' })

    const counts = await direct.counts()
    t.true(counts['a'] === 0 || counts['a'] === 2, 'all of it or nothing')
  })
}

testWith(['MARIADB'], 'a read whose connection broke is sent again', async (t, server = '') => {
  const { name, url, admin } = await ownDatabase(t, server)
  const { sql, counts } = await withCounters(t, { url })
  await counts()

  for (const id of await connectionsOf(admin, name)) await admin.query(`kill ${id}`)

  t.deepEqual(await counts(), {})
  t.is((await sql.query(sleepFor(0), call())).length, 1)
})

testWith(['MARIADB'], 'a call ends by its deadline, and its connection is not used again', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const { sql, insert, counts } = await withCounters(t, { url, maxConnections: 2 })
  await sql.execute([insert('a')], call())
  const slow = { sql: `update counters set n = n + 1 + sleep(3) where id = 'a'`, params: [] }

  const startedMs = performance.now()
  const calls = [sql.query(sleepFor(20), call(200)), sql.execute([slow, slow], call(200))]
  const codes = (await Promise.allSettled(calls)).map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok'))

  t.true(performance.now() - startedMs < 4_000)
  t.deepEqual(codes, ['DATABASE_BUSY', 'DATABASE_BUSY'])
  await t.throwsAsync(sql.execute([slow], call(200)), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  t.is((await sql.query(sleepFor(0), call())).length, 1)
  t.true('a' in (await counts()))
})

testWith(['MARIADB'], 'what is late is told as late, also where its timer came a little before the deadline', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const sql = await open(t, { url })
  const codes = new Set<unknown>()

  for (let turn = 0; turn < 40; turn++) {
    await sql.query(sleepFor(0), call())
    // The loop has not looked at the clock since: the timer that is set now begins in the past.
    const untilMs = performance.now() + (turn % 5)
    while (performance.now() < untilMs);
    await sql.query(sleepFor(1), call(30.7)).catch((error: unknown) => codes.add((error as { code: string }).code))
  }

  t.deepEqual([...codes], ['DATABASE_BUSY'])
})

testWith(['MARIADB', 'TOXIPROXY'], 'on a connection where nothing passes each call ends by its deadline, and what is opened afterwards works', async (t, server = '', api = '') => {
  const { url } = await ownDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const { sql, insert, addOne, counts } = await withCounters(t, { url: changed(url, (own) => { own.port = String(proxy.port) }), maxConnections: 3 })
  await sql.execute([insert('a')], call())
  await Promise.all([1, 2, 3].map(() => sql.query(sleepFor(0.05), call())))

  await proxy.hang('all')
  const startedMs = performance.now()
  const calls = [sql.query(sleepFor(0), call(1_500)), sql.execute([addOne({ id: 'a' })], call(1_500)), sql.execute([addOne({ id: 'a' }), addOne({ id: 'a' })], call(1_500)), sql.query(sleepFor(0), call(200))]
  const codes = (await Promise.allSettled(calls)).map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok'))
  // None of these is left: the next has to open one, to a server that says nothing.
  await t.throwsAsync(sql.query(sleepFor(0), call(300)), { code: 'DATABASE_BUSY' })
  await t.throwsAsync(sql.lock('schema', call(300), async () => undefined))

  t.true(performance.now() - startedMs < 8_000)
  t.deepEqual(codes, ['DATABASE_BUSY', 'DATABASE_OUTCOME_UNKNOWN', 'DATABASE_BUSY', 'DATABASE_POOL_EXHAUSTED'])
  await proxy.restore()
  t.deepEqual(await counts(), { a: 0 })
})

testWith(['MARIADB'], 'a pool that is in use is told so within the acquire timeout, and serves again when it is free', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const { sql } = await withCounters(t, { url, maxConnections: 2, acquireTimeoutMs: 100 })
  const busy = [sql.query(sleepFor(1), call()), sql.query(sleepFor(1), call())]

  await t.throwsAsync(sql.query(sleepFor(0), call()), { code: 'DATABASE_POOL_EXHAUSTED' })
  await t.throwsAsync(sql.execute([{ sql: 'do 0', params: [] }], call()), { code: 'DATABASE_POOL_EXHAUSTED' })

  await Promise.all(busy)
  t.is((await sql.query(sleepFor(0), call())).length, 1)
})

testWith(['MARIADB'], 'idle connections are kept until they were idle for long enough', async (t, server = '') => {
  const { name, url, admin } = await ownDatabase(t, server)
  const sql = await open(t, { url, maxConnections: 4 })
  await Promise.all(Array.from({ length: 4 }, () => sql.query(sleepFor(0.1), call())))
  const before = await connectionsOf(admin, name)

  // mysql2 looks for idle ones once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_200))

  t.is(before.length, 4)
  t.deepEqual(await connectionsOf(admin, name), before)
})

testWith(['MARIADB'], 'programs that lock the same rows in another order all come through, each once', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const { sql, insert, addOne, counts } = await withCounters(t, { url })
  await sql.execute([insert('a'), insert('b'), insert('c')], call())

  await Promise.all(Array.from({ length: 60 }, (_, at) => sql.execute((at % 2 ? ['a', 'b', 'c'] : ['c', 'b', 'a']).map((id) => ({ ...addOne({ id }), expect: 1 })), call())))

  t.deepEqual(await counts(), { a: 60, b: 60, c: 60 })
})

testWith(['MARIADB'], 'a row that another holds for too long makes a program busy, and nothing of it is applied', async (t, server = '') => {
  const { name, url, admin } = await ownDatabase(t, server)
  const { sql, insert, addOne, counts } = await withCounters(t, { url, lockTimeoutMs: 1_000 })
  await sql.execute([insert('a'), insert('b')], call())
  await admin.query(`begin`)
  await admin.query(`update ${name}.counters set n = 10 where id = 'b'`)

  await t.throwsAsync(sql.execute([addOne({ id: 'a' }), addOne({ id: 'b' })], call()), { code: 'DATABASE_BUSY' })
  await admin.query('rollback')

  t.deepEqual(await counts(), { a: 0, b: 0 })
})

testWith(['MARIADB'], 'a long program is sent in pieces, and is still all or nothing', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const { sql, insert, counts } = await withCounters(t, { url })
  const steps = Array.from({ length: 30 }, (_, at) => insert(`r${at}`, 'é'.repeat(500_000)))

  const refusal = await t.throwsAsync(sql.execute([...steps, insert('r0')], call()), { instanceOf: SqlRefusal })
  t.deepEqual(refusal?.refusal, { step: 30, reason: 'unique', index: 'primary' })
  t.deepEqual(await counts(), {})

  t.deepEqual(await sql.execute(steps, call()), steps.map(() => 1))
})

testWith(['MARIADB'], 'a statement that is longer than the server takes is refused before it is sent', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const { sql, insert, counts } = await withCounters(t, { url })
  const huge = insert('huge', 'é'.repeat(9_000_000))

  for (const program of [[huge], [insert('a'), huge]]) await t.throwsAsync(sql.execute(program, call()), { code: 'DATABASE_TOO_LARGE', message: /max_allowed_packet/ })

  t.deepEqual(await counts(), {})
})

testWith(['MARIADB'], 'whoever holds a lock is told when its session is lost', async (t, server = '') => {
  const { name, url, admin } = await ownDatabase(t, server)
  const sql = await open(t, { url })

  const held = sql.lock('schema', call(), async () => {
    for (const id of await connectionsOf(admin, name)) await admin.query(`kill ${id}`)
    await new Promise(() => undefined)
  })

  await t.throwsAsync(held, { code: 'DATABASE_UNAVAILABLE' })
  t.is(await sql.lock('schema', call(), async () => 'free'), 'free')
})

testWith(['MARIADB'], 'a connection that closes first ends what it began', async (t, server = '') => {
  const { url } = await ownDatabase(t, server)
  const { sql, insert } = await withCounters(t, { url, maxConnections: 2 })
  const begun = [sql.query(sleepFor(0.5), call()), sql.execute([insert('a'), insert('b')], call()), sql.execute([insert('c'), insert('d')], call())]

  await sql.close()

  t.deepEqual((await Promise.allSettled(begun)).map((one) => one.status), ['fulfilled', 'fulfilled', 'fulfilled'])
  await t.throwsAsync(sql.query(sleepFor(0), call()), { code: 'DATABASE_UNAVAILABLE' })
})

async function connectionsOf(admin: { query(sql: string, values: unknown[]): Promise<unknown> }, database: string): Promise<readonly number[]> {
  const [rows] = (await admin.query('select id from information_schema.processlist where db = ? order by id', [database])) as [readonly { readonly id: number }[], unknown]
  return rows.map(({ id }) => id)
}
