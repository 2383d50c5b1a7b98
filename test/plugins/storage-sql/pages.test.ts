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

test('pages of a thousand hold each record once, in every direction', async (t) => {
  const { storage } = await openStorage(t, keys)
  await fill(storage, 2_300, (n) => ({ n: n % 900, group: n % 2 }))

  for (const orderBy of [[], ['-$id'], ['n'], ['-n'], ['-group', 'n'], ['group', '-n'], ['group', 'n']]) {
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await storage.find({ collection, orderBy, limit: 1_000, ...(after !== undefined && { after }) }, callWith())
      seen.push(...page.items.map((item) => item.id))
      if (page.next === null) break
      after = page.next
    }
    t.is(seen.length, 2_300, orderBy.join())
    t.is(new Set(seen).size, 2_300, orderBy.join())
  }
})

test('a page ends at 8 MiB, in the order of an index and without one', async (t) => {
  const { storage } = await openStorage(t, keys)
  for (let n = 0; n < 20; n++) await storage.insert({ collection, value: { n, m: -n, text: 'x'.repeat(1_000_000) } }, callWith())

  for (const orderBy of [['n'], ['m']]) {
    const first = await storage.find({ collection, orderBy }, callWith({ text: true }))
    t.is(first.items.length, 8)
    const second = await storage.find({ collection, orderBy, after: first.next ?? '' }, callWith({ text: true }))
    const third = await storage.find({ collection, orderBy, after: second.next ?? '' }, callWith({ text: true }))
    t.deepEqual([second.items.length, third.items.length, third.next], [8, 4, null])
  }
})

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
