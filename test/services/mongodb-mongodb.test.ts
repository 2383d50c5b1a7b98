import type { MongoClient } from 'mongodb'
import type { MongoStep } from '../../kernel/ports/mongodb/index.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection, openWithClient, testDatabase, throughPort } from './mongodb.ts'
import { testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

const collection = 'things'
const insert = (id: string): MongoStep => ({ do: 'insert', collection, document: { _id: id, n: 1 } })

testWith(['MONGODB'], 'what cannot work is refused at the start, in one line with what to change', async (t, server = '') => {
  const host = new URL(server).host
  const refusals: readonly (readonly [Parameters<typeof openConnection>[1], RegExp])[] = [
    [{ url: `mongodb://${host}` }, /name the database: connections\.main\.with\.database/],
    [{ url: 'mongodb://127.0.0.1:1/shop' }, /nobody listens .*correct connections\.main\.with\.url/],
    [{ url: 'mongodb://nowhere.invalid/shop' }, /its host is not known .*correct connections\.main\.with\.url/],
    [{ url: `postgres://${host}/shop` }, /mongodb:\/\//],
    [{ url: `mongodb://${host}/shop`, tls: { enabled: true, ca: undefined, certificate: undefined } }, /connections\.main\.with\.tls\.enabled/],
    [{ url: `mongodb://${host}/shop`, tls: { enabled: true, ca: '/nowhere/ca.pem', certificate: undefined } }, /\/nowhere\/ca\.pem/],
  ]

  for (const [settings, message] of refusals) {
    const error = await t.throwsAsync(openConnection(t, { acquireTimeoutMs: 300, connectTimeoutMs: 300, connectWithinMs: 400, ...settings }), { code: 'DATABASE_FAILED', message })
    t.false(error?.message.includes('\n'), error?.message)
  }
})

testWith(['MONGODB', 'TOXIPROXY'], 'a start waits for a server that comes up', async (t, server = '', api = '') => {
  const { url } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  await proxy.cut()

  const opening = openConnection(t, { url: throughPort(url, proxy.port), acquireTimeoutMs: 300, connectWithinMs: 10_000 })
  setTimeout(() => void proxy.restore(), 600)

  t.is(await (await opening).count(collection, {}, undefined, call()), 0)
})

testWith(['MONGODB', 'TOXIPROXY'], 'a write that was sent and not answered has an unknown outcome; one that was not sent has none', async (t, server = '', api = '') => {
  const { url, db } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port), acquireTimeoutMs: 500 })
  // Each of the two that follow finds a connection that is open.
  await Promise.all(['first', 'second'].map((id) => connection.commit([insert(id)], call())))

  await proxy.hang('answers')
  const unanswered = t.throwsAsync(connection.commit([insert('sent')], call()), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  const late = t.throwsAsync(connection.commit([insert('late')], call(1_000)), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  await late
  while ((await db.collection(collection).countDocuments({})) < 4) await new Promise((resolve) => setTimeout(resolve, 20))
  await proxy.cut()
  await unanswered
  await t.throwsAsync(connection.commit([insert('never')], call()), { code: 'DATABASE_UNAVAILABLE' })
  await t.throwsAsync(connection.commit([insert('never')], call(100)), { code: 'DATABASE_BUSY' })
  await t.throwsAsync(connection.get(collection, 'first', call()), { code: 'DATABASE_UNAVAILABLE' })

  await proxy.restore()
  const startedMs = performance.now()
  while (!(await connection.get(collection, 'first', call()).catch(() => undefined))) t.true(performance.now() - startedMs < 20_000)
  t.deepEqual((await db.collection(collection).find().toArray()).map(({ _id }) => String(_id)).sort(), ['first', 'late', 'second', 'sent'])
})

testWith(['MONGODB', 'TOXIPROXY'], 'the same holds of many writes in one message', async (t, server = '', api = '') => {
  const { url, db } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port), acquireTimeoutMs: 500 })
  const change = (n: number) => connection.change(collection, [{ filter: { _id: 'first' }, set: { n } }], call())
  const insertTwo = () => connection.insert(collection, ['a', 'b'].map((_id) => ({ _id })), call())
  await Promise.all(['first', 'second'].map((id) => connection.commit([insert(id)], call())))

  await proxy.hang('answers')
  const unanswered = Promise.all([change(2), insertTwo()].map((sent) => t.throwsAsync(sent, { code: 'DATABASE_OUTCOME_UNKNOWN' })))
  while ((await db.collection(collection).countDocuments({})) < 4 || !(await db.collection(collection).findOne({ n: 2 }))) await new Promise((resolve) => setTimeout(resolve, 20))
  await proxy.cut()
  await unanswered

  for (const unsent of [change(3), insertTwo()]) await t.throwsAsync(unsent, { code: 'DATABASE_UNAVAILABLE' })
})

testWith(['MONGODB', 'TOXIPROXY'], 'nothing waits on a connection that is half open for longer than its deadline', async (t, server = '', api = '') => {
  const { url } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port), connectTimeoutMs: 1_000 })
  await connection.commit([insert('first')], call())
  await proxy.hang('all')

  const startedMs = performance.now()
  await Promise.all(Array.from({ length: 8 }, () => t.throwsAsync(connection.get(collection, 'first', call(500)), { code: 'DATABASE_BUSY' })))
  t.true(performance.now() - startedMs < 6_000)

  await proxy.restore()
  t.is((await connection.get(collection, 'first', call()))?.['n'], 1)
})

/** What is reached of the SDK's inside: its types do not tell of it. */
interface Insides {
  readonly topology: { readonly s: { readonly servers: ReadonlyMap<string, { requestCheck(): void; readonly monitor: { readonly connection: { readonly socket: { destroy(): void } } } }> } }
}

/** The SDK sends a heartbeat on a socket that was destroyed in the same turn: it waits for ever. Told by chance where all connections end at once. */
function hangMonitor(client: MongoClient): void {
  for (const server of (client as unknown as Insides).topology.s.servers.values()) {
    server.monitor.connection.socket.destroy()
    server.requestCheck()
  }
}

testWith(['MONGODB', 'TOXIPROXY'], 'a server whose monitor hangs is found again when the way is whole, and calls that it still answers go on', async (t, server = '', api = '') => {
  const { url } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const { connection, client } = await openWithClient(t, { url: throughPort(url, proxy.port), acquireTimeoutMs: 300, connectTimeoutMs: 500 })
  await connection.commit([insert('first')], call())
  // The SDK's monitor looks twice a second at most.
  await new Promise((resolve) => setTimeout(resolve, 600))

  hangMonitor(client)
  await connection.commit([insert('second')], call())
  await proxy.cut()
  await t.throwsAsync(connection.get(collection, 'first', call()), { code: 'DATABASE_UNAVAILABLE' })
  await proxy.restore()

  const startedMs = performance.now()
  let found: unknown
  while (!found && performance.now() - startedMs < 20_000) found = await connection.get(collection, 'second', call()).catch((error: unknown) => void t.like(error, { code: 'DATABASE_UNAVAILABLE' }))
  t.like(found, { n: 1 })
})

testWith(['MONGODB', 'TOXIPROXY'], 'so it is where every call is given less time than a server is looked for', async (t, server = '', api = '') => {
  const { url } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const { connection, client } = await openWithClient(t, { url: throughPort(url, proxy.port), acquireTimeoutMs: 20_000, connectTimeoutMs: 500 })
  await connection.commit([insert('first')], call())
  // The SDK's monitor looks twice a second at most.
  await new Promise((resolve) => setTimeout(resolve, 600))

  hangMonitor(client)
  await proxy.hang('answers')
  const unanswered = t.throwsAsync(connection.get(collection, 'first', call(2_000)), { code: 'DATABASE_BUSY' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  // From now on the SDK takes the server for one that is away, and waits for what its monitor tells.
  await proxy.cut()
  await unanswered
  await proxy.restore()

  const startedMs = performance.now()
  let found: unknown
  while (!found && performance.now() - startedMs < 15_000) found = await connection.get(collection, 'first', call(200)).catch(() => undefined)
  t.like(found, { n: 1 })
})

testWith(['MONGODB', 'TOXIPROXY'], 'who asks for the time waits for it no longer than its deadline', async (t, server = '', api = '') => {
  const { url } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port), acquireTimeoutMs: 20_000 })
  await proxy.hang('all')

  const startedMs = performance.now()
  await t.throwsAsync(connection.now(call(200)), { code: 'DATABASE_BUSY' })
  t.true(performance.now() - startedMs < 10_000)
})

testWith(['MONGODB', 'TOXIPROXY'], 'who finds every connection in use is told so after acquireTimeout', async (t, server = '', api = '') => {
  const { url } = await testDatabase(t, server)
  const proxy = await openProxy(t, api, new URL(server).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port), maxConnections: 1, acquireTimeoutMs: 300 })
  await proxy.hang('answers')

  const holding = t.throwsAsync(connection.count(collection, {}, undefined, call(1_500)), { code: 'DATABASE_BUSY' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await t.throwsAsync(connection.get(collection, 'x', call()), { code: 'DATABASE_POOL_EXHAUSTED' })
  await holding
})

testWith(['MONGODB'], 'one holds a lock at a time, in one process and in several', async (t, server = '') => {
  const { url } = await testDatabase(t, server)
  const connections = await Promise.all([1, 2].map(() => openConnection(t, { url })))
  let holders = 0
  let most = 0

  await Promise.all([...connections, ...connections].map((connection) => connection.lock('same', call(), async () => {
    most = Math.max(most, ++holders)
    await connection.count(collection, {}, undefined, call())
    holders--
  })))

  t.is(most, 1)
})

testWith(['MONGODB'], 'a lock that its holder left behind is free when its time is over, and not before', async (t, server = '') => {
  const { url, db } = await testDatabase(t, server)
  const connection = await openConnection(t, { url })
  const locks = db.collection<{ _id: string; until: Date }>('portico_locks')
  const nowMs = await connection.now(call())
  await locks.insertMany([{ _id: 'held', until: new Date(nowMs + 10_000) }, { _id: 'left', until: new Date(nowMs - 1) }])

  t.is(await connection.lock('left', call(), async () => 'mine'), 'mine')
  await t.throwsAsync(connection.lock('held', call(300), async () => undefined), { code: 'DATABASE_BUSY' })
  t.deepEqual((await locks.find().toArray()).map(({ _id }) => _id), ['held'])
})

testWith(['MONGODB'], 'the time is the server’s', async (t, server = '') => {
  const { url, db } = await testDatabase(t, server)
  const connection = await openConnection(t, { url })

  const before = (await db.command({ hello: 1 }))['localTime'] as Date
  const nowMs = await connection.now(call())
  const after = (await db.command({ hello: 1 }))['localTime'] as Date

  t.true(nowMs >= before.getTime() - 50 && nowMs <= after.getTime() + 50, `${before.getTime()} ${nowMs} ${after.getTime()}`)
})

testWith(['MONGODB'], 'several steps together are one transaction, or refused where the server has none', async (t, server = '') => {
  const { url, db } = await testDatabase(t, server)
  const connection = await openConnection(t, { url })
  await connection.commit([insert('taken')], call())
  t.deepEqual(await connection.commit([], call()), undefined)

  const refused = connection.commit([insert('a'), insert('taken')], call())
  if (connection.hasTransactions) t.deepEqual(await refused, { step: 1, reason: 'unique', index: 'primary' })
  else await t.throwsAsync(refused, { code: 'DATABASE_NO_TRANSACTIONS' })
  t.is(await db.collection(collection).countDocuments({}), 1)
})
