import test from 'ava'
import fc from 'fast-check'
import type { JsonObject } from '../../../kernel/json.ts'
import { holds } from '../../../kernel/ports/storage/evaluate.ts'
import { compareRecords } from '../../../kernel/ports/storage/order.ts'
import { parseQuery } from '../../../kernel/ports/storage/query.ts'
import type { Where } from '../../../kernel/ports/storage/index.ts'
import { document, id, orderBy, where } from '../../kernel/ports/storage/arbitrary.ts'
import { callWith, openStorage, type Storage } from './harness.ts'

const runs = Number(process.env['STORAGE_RUNS'] ?? 150)

const indexed = {
  indexes: [['a'], ['-a', 'b'], ['b', '-a.b'], ['-c'], ['', 'a'], ['a', 'b', 'c'], ['-$createdAt'], ['constructor', '-a']],
}

interface Stored { readonly id: string; readonly value: JsonObject; readonly createdAtMs: number; readonly updatedAtMs: number }

/** The same documents in a collection, and in an array. */
async function fill(storage: Storage, collection: string, documents: readonly (readonly [string, JsonObject])[]): Promise<Stored[]> {
  const stored: Stored[] = []
  for (const [id, value] of documents) {
    const record = await storage.insert({ collection, id, value }, callWith())
    stored.push({ id, value, createdAtMs: Date.parse(record.createdAt), updatedAtMs: Date.parse(record.updatedAt) })
  }
  return stored
}

async function pages(storage: Storage, query: { collection: string; where: Where; orderBy: readonly string[]; limit: number }): Promise<string[]> {
  const ids: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await storage.find({ ...query, ...(after !== undefined && { after }) }, callWith())
    ids.push(...page.items.map((item) => item.id))
    if (page.next === null) return ids
    after = page.next
  }
}

for (const [title, keys] of [['without indexes', {}], ['with indexes', indexed]] as const) {
  test(`SQLite answers as the evaluator does over an array, ${title}`, async (t) => {
    t.timeout(120_000)
    let nowMs = 1_000_000_000
    const { storage } = await openStorage(t, { collections: { docs: keys } }, { clock: { now: () => (nowMs += 1), after: () => () => undefined } })
    const documents = fc.uniqueArray(fc.tuple(id, document), { selector: ([one]) => one, maxLength: 25 })
    const queries = fc.array(fc.record({ where, orderBy, limit: fc.constantFrom(1, 3, 7, 1_000) }), { minLength: 4, maxLength: 4 })

    await fc.assert(fc.asyncProperty(documents, queries, async (given, asked) => {
      const stored = await fill(storage, 'docs', given)
      try {
        for (const query of asked) {
          const { filter, orderBy } = parseQuery('test', query)
          const expected = stored.filter((record) => holds(filter, record)).sort(compareRecords(orderBy)).map((record) => record.id)

          t.deepEqual(await pages(storage, { collection: 'docs', ...query }), expected)
          t.is((await storage.count({ collection: 'docs', where: query.where }, callWith())).count, expected.length)
        }
      } finally {
        for (const [one] of given) await storage.delete({ collection: 'docs', id: one }, callWith())
      }
    }), { numRuns: runs })
  })
}

test('a unit finds its own writes among what is stored', async (t) => {
  t.timeout(120_000)
  const { storage } = await openStorage(t, { collections: { docs: indexed } })
  const documents = fc.uniqueArray(fc.tuple(id, document), { selector: ([one]) => one, maxLength: 15 })

  await fc.assert(fc.asyncProperty(documents, documents, where, orderBy, async (given, staged, where, orderBy) => {
    const stored = await fill(storage, 'docs', given)
    const changed = new Map(staged)
    try {
      await storage.unit(async (unit) => {
        for (const [one, value] of staged) await storage.put({ collection: 'docs', id: one, value }, callWith({ unit }))
        const query = parseQuery('test', { where, orderBy: orderBy.filter((path) => !path.includes('$createdAt')) })
        const now = new Map(stored.map((record) => [record.id, record]))
        for (const [one, value] of changed) now.set(one, { id: one, value, createdAtMs: 0, updatedAtMs: 0 })
        const expected = [...now.values()].filter((record) => holds(query.filter, record)).sort(compareRecords(query.orderBy)).map((record) => record.id)

        const found = await storage.find({ collection: 'docs', where, orderBy: orderBy.filter((path) => !path.includes('$createdAt')), limit: 1_000 }, callWith({ unit }))
        t.deepEqual(found.items.map((item) => item.id), expected)
        t.is((await storage.count({ collection: 'docs', where }, callWith({ unit }))).count, expected.length)
      })
    } finally {
      for (const one of new Set([...given, ...staged].map(([one]) => one))) await storage.delete({ collection: 'docs', id: one }, callWith())
    }
  }), { numRuns: runs })
})
