import test from 'ava'
import { callWith, openStorage, type Storage } from './harness.ts'

const collection = 'docs'
const keys = { collections: { docs: { indexes: [['n'], ['-group', 'n']] } } }

async function fill(storage: Storage, count: number, value: (n: number) => Record<string, string | number>): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    const operations = Array.from({ length: Math.min(500, count - from) }, (_, at) => ({ insert: { collection, id: `id${from + at}`, value: value(from + at) } }))
    await storage.write({ operations }, callWith())
  }
}

test('a record that moves on while a page is read stands on it once', async (t) => {
  const { storage, connection } = await openStorage(t, keys)
  await fill(storage, 600, (n) => ({ n, group: n % 2 }))
  const query = connection.query.bind(connection)
  let reads = 0
  t.teardown(() => { connection.query = query })
  connection.query = async (statement, call, hint) => {
    if (++reads === 2) await storage.put({ collection, id: 'id5', value: { n: 1_000, group: 0 } }, callWith())
    return query(statement, call, hint)
  }

  const { items } = await storage.find({ collection, orderBy: ['n'], limit: 1_000 }, callWith())

  t.true(reads > 2)
  t.deepEqual([items.length, new Set(items.map((item) => item.id)).size], [600, 600])
})

test('heavy rows are read a few at a time, also by the first query that meets them', async (t) => {
  const { storage, connection } = await openStorage(t, keys)
  for (let n = 0; n < 80; n++) await storage.insert({ collection, value: { n, text: 'x'.repeat(1_000_000) } }, callWith())
  const query = connection.query.bind(connection)
  const counts: number[] = []
  t.teardown(() => { connection.query = query })
  connection.query = async <Row extends object>(...[statement, call, hint]: Parameters<typeof query>) => {
    const rows = await query<Row>(statement, call, hint)
    counts.push(rows.length)
    return rows
  }

  await storage.count({ collection, where: { text: 'y' } }, callWith())
  await storage.find({ collection, where: { text: 'y' }, limit: 1_000 }, callWith())

  t.is(counts.shift(), 64)
  t.true(counts.length > 10 && counts.every((count) => count <= 8), counts.join())
})
