import type { ExecutionContext } from 'ava'
import { createKernel, type Kernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { type TestDatabase, testDatabase } from './mongodb.ts'
import { testWith } from './server.ts'

type Orders = { readonly indexes?: readonly (readonly string[])[]; readonly unique?: readonly (readonly string[])[] }

async function start(t: ExecutionContext, { url }: TestDatabase, orders: Orders = {}): Promise<Kernel> {
  const kernel = await createKernel({ version: 1, name: 'prepare', connections: { main: { use: 'mongodb', with: { url } } }, ports: { storage: { on: 'main', collections: { orders } } } }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel
}

/** Names of the kept fields but for the hashes of keys. */
const fieldsOf = (document: object | null) => Object.keys(document ?? {}).map((field) => field.replace(/_[0-9a-f]{16}$/, '_')).sort()
const collection = 'orders'

testWith(['MONGODB'], 'what is kept can be read by any other program', async (t, server = '') => {
  const database = await testDatabase(t, server)
  const { ports } = await start(t, database, { indexes: [['status']], unique: [['number']] })

  await ports.storage.insert({ collection, id: 'o1', value: { status: 'new', number: 7, total: 1.5, to: { 'a.b': ['x', null, true] } }, ttlMs: 60_000 })
  await ports.storage.insert({ collection, id: 'o2', value: { big: 2 ** 53 + 2, small: 5e-324 } })

  const kept = database.db.collection<{ _id: string; createdAt: Date; expiresAt: Date }>('storage__orders')
  const first = await kept.findOne({ _id: 'o1' })
  t.deepEqual(fieldsOf(first), ['_id', 'createdAt', 'expiresAt', 'k_', 'u_', 'updatedAt', 'value', 'version'])
  t.like(first, { value: { status: 'new', number: 7, total: 1.5, to: { 'a.b': ['x', null, true] } } })
  t.true(first?.createdAt instanceof Date && first.expiresAt instanceof Date)
  t.deepEqual(fieldsOf(await kept.findOne({ _id: 'o2' })), ['_id', 'createdAt', 'k_', 'updatedAt', 'value', 'version'])
})

testWith(['MONGODB'], 'a new index on a filled collection is filled at the start, also by two replicas at once, and one that is no longer declared is dropped', async (t, server = '') => {
  const database = await testDatabase(t, server)
  const { ports } = await start(t, database)
  for (let n = 0; n < 450; n++) await ports.storage.insert({ collection, id: `o${n}`, value: { n: n % 10, ...(n % 2 && { number: n }) } })

  const replicas = await Promise.all([1, 2].map(() => start(t, database, { indexes: [['n']], unique: [['number']] })))
  for (const replica of replicas) {
    t.deepEqual(await replica.ports.storage.count({ collection, where: { n: 3 } }), { count: 45 })
    t.deepEqual((await replica.ports.storage.find({ collection, where: { number: 33 } })).items.map(({ id }) => id), ['o33'])
    await t.throwsAsync(replica.ports.storage.insert({ collection, value: { number: 33 } }), { code: 'STORAGE_NOT_UNIQUE' })
  }

  const again = await start(t, database, { indexes: [['n']] })
  await t.notThrowsAsync(again.ports.storage.insert({ collection, value: { n: 3, number: 33 } }))
  t.deepEqual((await database.db.collection('storage__orders').listIndexes().toArray()).map(({ name }) => String(name).replace(/_[0-9a-f]{16}$/, '_')).sort(), ['_id_', 'expiresAt', 'k_'])
})

testWith(['MONGODB'], 'a unique index is refused while stored records break it, and the start after they differ makes it', async (t, server = '') => {
  const database = await testDatabase(t, server)
  const { ports } = await start(t, database)
  for (const id of ['o1', 'o2']) await ports.storage.insert({ collection, id, value: { number: 7 } })

  await t.throwsAsync(start(t, database, { unique: [['number']] }), { code: 'STORAGE_INDEX_NOT_FILLED', message: /number/ })

  await ports.storage.put({ collection, id: 'o2', value: { number: 8 } })
  await t.notThrowsAsync(start(t, database, { unique: [['number']] }))
})

testWith(['MONGODB'], 'a start that was killed while it filled an index goes on where it was', async (t, server = '') => {
  const database = await testDatabase(t, server)
  const first = await start(t, database, { indexes: [['n']] })
  for (let n = 0; n < 20; n++) await first.ports.storage.insert({ collection, id: `o${n}`, value: { n } })
  const kept = database.db.collection<{ _id: string }>('storage__orders')
  const index = (await kept.listIndexes().toArray()).map(({ name }) => String(name)).find((name) => name.startsWith('k_')) ?? ''
  await kept.dropIndex(index)
  await kept.updateMany({ _id: { $gt: 'o15' } }, { $unset: { [index]: 1 } })

  const { ports } = await start(t, database, { indexes: [['n']] })

  t.deepEqual((await ports.storage.find({ collection, where: { n: { $gte: 0 } }, orderBy: ['n'] })).items.map(({ value }) => value['n']), Array.from({ length: 20 }, (_, n) => n))
})

testWith(['MONGODB'], 'expired records stand in the way of no unique index that is made, and of no record that is written', async (t, server = '') => {
  const database = await testDatabase(t, server)
  const { ports } = await start(t, database)
  for (const id of ['o1', 'o2']) await ports.storage.insert({ collection, id, value: { number: 7 }, ttlMs: 1 })
  await new Promise((resolve) => setTimeout(resolve, 20))

  const { ports: later } = await start(t, database, { unique: [['number']] })
  await later.storage.insert({ collection, id: 'o1', value: { number: 7 }, ttlMs: 1 })
  await new Promise((resolve) => setTimeout(resolve, 20))
  await t.notThrowsAsync(later.storage.insert({ collection, id: 'o2', value: { number: 7 } }))
})

testWith(['MONGODB'], 'another program’s collection of that name is refused, and not touched', async (t, server = '') => {
  const database = await testDatabase(t, server)
  const theirs = database.db.collection<{ _id: string; item: string }>('storage__orders')
  await theirs.insertOne({ _id: 'x', item: 'theirs' })

  await t.throwsAsync(start(t, database), { code: 'STORAGE_TABLE_FOREIGN', message: /storage__orders .*value, version/ })

  t.deepEqual(await theirs.find().toArray(), [{ _id: 'x', item: 'theirs' }])
  t.deepEqual((await theirs.listIndexes().toArray()).map(({ name }) => String(name)), ['_id_'])
})

testWith(['MONGODB'], 'health asks the server', async (t, server = '') => {
  const kernel = await start(t, await testDatabase(t, server))
  t.like(await kernel.bindings.get('storage')?.health(), { status: 'ok' })
})
