import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { callWith, openStorage } from './harness.ts'

const keys = { collections: { orders: { indexes: [['status', '-$createdAt'], ['total']], unique: [['number']] } } }

test('a find by a declared index uses it', async (t) => {
  const { storage, connection } = await openStorage(t, keys)
  const asked: string[] = []
  const query = connection.query.bind(connection)
  t.teardown(() => { connection.query = query })
  connection.query = (statement, call, hint) => {
    asked.push(statement.sql)
    return query(statement, call, hint)
  }
  await storage.insert({ collection: 'orders', value: { status: 'paid', total: 5, number: 1 } }, callWith())

  const { items } = await storage.find({ collection: 'orders', where: { status: 'paid' }, orderBy: ['-$createdAt'] }, callWith())

  t.is(items.length, 1)
  const [plan] = await query<{ detail: string }>({ sql: `explain query plan ${asked[0]?.replaceAll('?', "x''")}`, params: [] }, callWith())
  t.regex(plan?.detail ?? '', /SEARCH .* USING INDEX i_[0-9a-f]{16} \(k_[0-9a-f]{16}>\? AND k_[0-9a-f]{16}<\?\)/)
})

test('an index on a filled collection is filled at start, and again after it was away', async (t) => {
  const { storage, connection } = await openStorage(t, { collections: { orders: {} } })
  for (let n = 0; n < 450; n++) await storage.insert({ collection: 'orders', value: { n: n % 7 } }, callWith())
  const indexed = { collections: { orders: { indexes: [['n']], scanLimit: 70 } } }

  const first = await openStorage(t, indexed, { connection })
  t.is((await first.storage.find({ collection: 'orders', where: { n: 3 }, limit: 1_000 }, callWith())).items.length, 64)

  const without = await openStorage(t, { collections: { orders: {} } }, { connection })
  await without.storage.insert({ collection: 'orders', value: { n: 3 } }, callWith())
  const again = await openStorage(t, indexed, { connection })
  t.is((await again.storage.find({ collection: 'orders', where: { n: 3 }, limit: 1_000 }, callWith())).items.length, 65)
})

test('another program’s table is refused by name', async (t) => {
  const { connection } = await openStorage(t, { collections: {} })
  await connection.define((knex) => knex.schema.createTable('storage__orders', (table) => void table.integer('order_no')), callWith())

  await t.throwsAsync(openStorage(t, keys, { connection }), { code: 'STORAGE_TABLE_FOREIGN', message: /storage__orders .* lacks id/ })
})

test('an expired record is gone at once, and stands in nobody’s way', async (t) => {
  let nowMs = 1_000_000
  const { storage } = await openStorage(t, keys, { clock: { now: () => nowMs, after: () => () => undefined } })
  await storage.insert({ collection: 'orders', id: 'o1', value: { number: 7 }, ttlMs: 10 }, callWith())

  nowMs += 10

  await t.throwsAsync(storage.get({ collection: 'orders', id: 'o1' }, callWith()), { code: 'STORAGE_NOT_FOUND' })
  t.deepEqual(await storage.count({ collection: 'orders' }, callWith()), { count: 0 })
  await t.notThrowsAsync(storage.insert({ collection: 'orders', id: 'o2', value: { number: 7 } }, callWith()))
  await t.notThrowsAsync(storage.insert({ collection: 'orders', id: 'o1', value: {} }, callWith()))
})

test('records that a unique index does not hold are found by what they lack', async (t) => {
  const { storage } = await openStorage(t, { collections: { orders: { unique: [['number'], ['a', 'b']] } } })
  await storage.insert({ collection: 'orders', id: 'without', value: { a: 1 } }, callWith())
  await storage.insert({ collection: 'orders', id: 'with', value: { number: 1, a: 1, b: 2 } }, callWith())

  for (const where of [{ number: { $exists: false } }, { a: 1, b: { $exists: false } }]) {
    const { items } = await storage.find({ collection: 'orders', where }, callWith())
    t.deepEqual(items.map((item) => item.id), ['without'], JSON.stringify(where))
    t.deepEqual(await storage.count({ collection: 'orders', where }, callWith()), { count: 1 })
  }
})

test('expired rows stand in the way of no unique index that is filled', async (t) => {
  let nowMs = 1_000_000
  const clock = { now: () => nowMs, after: () => () => undefined }
  const { storage, connection } = await openStorage(t, { collections: { orders: {} } }, { clock })
  await storage.insert({ collection: 'orders', value: { number: 7 }, ttlMs: 10 }, callWith())
  nowMs += 10
  await storage.insert({ collection: 'orders', value: { number: 7 } }, callWith())

  await t.notThrowsAsync(openStorage(t, keys, { connection, clock }))
})

test('rows that expired in an earlier run are swept, a bounded number at a time', async (t) => {
  const clock = new VirtualClock()
  const first = await openStorage(t, keys, { clock })
  for (let n = 0; n < 600; n++) await first.storage.insert({ collection: 'orders', value: {}, ttlMs: 10 }, callWith())
  const rows = () => first.connection.query<{ n: number }>({ sql: 'select count(*) as n from storage__orders', params: [] }, callWith()).then(([row]) => row?.n)
  await clock.advance(10)

  await openStorage(t, keys, { connection: first.connection, clock })
  await clock.advance(60_000)
  for (let tries = 0; tries < 100 && (await rows()) !== 0; tries++) await clock.advance(1_000)
  t.is(await rows(), 0)
})
