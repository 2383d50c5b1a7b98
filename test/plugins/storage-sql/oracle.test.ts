import test from 'ava'
import fc from 'fast-check'
import { isPorticoError } from '../../../kernel/errors.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import { document, id, orderBy, path, query, where } from '../../kernel/ports/storage/arbitrary.ts'
import { callWith, openStorage, type Storage } from './harness.ts'
import { answer, collide, type Kept, pages, selected } from './model.ts'

const runs = Number(process.env['STORAGE_RUNS'] ?? 100)

const indexes = [['a'], ['-a', 'b'], ['b', '-a.b'], ['-c'], ['', 'a'], ['a', 'b', 'c'], ['-$createdAt'], ['constructor', '-a'], ['a.a.a.a', 'u']]
const collections: Readonly<Record<string, { readonly indexes?: string[][]; readonly unique?: string[][] }>> = {
  plain: {},
  indexed: { indexes },
  unique: { indexes: [['u', '-a'], ['-b']], unique: [['u'], ['a', '-b']] },
}

const ttlMs = fc.constantFrom(undefined, undefined, undefined, 1, 7, 40)
const documents = fc.uniqueArray(fc.record({ id, value: document, ttlMs }), { selector: (one) => one.id, maxLength: 60, size: 'medium' })
type Given = readonly { readonly id: string; readonly value: JsonObject; readonly ttlMs: number | undefined }[]

class Time {
  nowMs = 1_000_000_000
  readonly now = () => this.nowMs
  readonly after = () => () => undefined
}

/** The same documents in a collection and in an array; those that meet a unique index are refused by both. */
async function fill(storage: Storage, time: Time, collection: string, given: Given): Promise<Kept[]> {
  const kept: Kept[] = []
  for (const { id, value, ttlMs } of given) {
    // Some share a moment.
    time.nowMs += kept.length % 3 === 0 ? 1 : 0
    const record = { id, value, createdAtMs: time.nowMs, updatedAtMs: time.nowMs, expiresAtMs: time.nowMs + (ttlMs ?? Number.POSITIVE_INFINITY) }
    const refused = (collections[collection]?.unique ?? []).some((index) => kept.some((other) => other.expiresAtMs > time.nowMs && collide(record, other, index)))
    const code = await storage.insert({ collection, id, value, ...(ttlMs !== undefined && { ttlMs }) }, callWith()).then(() => 'added', codeOf)
    if (code !== (refused ? 'STORAGE_NOT_UNIQUE' : 'added')) throw new Error(`${id} into ${collection}: ${code}`)
    if (!refused) kept.push(record)
  }
  return kept
}

function codeOf(error: unknown): string {
  if (!isPorticoError(error)) throw error
  return error.code
}

async function empty(storage: Storage, collection: string): Promise<void> {
  const { items } = await storage.find({ collection, limit: 1_000 }, callWith())
  if (items.length > 0) await storage.write({ operations: items.map(({ id }) => ({ delete: { collection, id } })) }, callWith())
}

for (const collection of Object.keys(collections)) {
  test(`SQLite answers as the evaluator does over an array: ${collection}`, async (t) => {
    t.timeout(600_000)
    const time = new Time()
    const { storage } = await openStorage(t, { collections }, { clock: time })
    const declared = Object.values(collections[collection] ?? {}).flat()
    const queries = fc.array(fc.record({ asked: query(declared), limit: fc.constantFrom(1, 3, 7, 1_000), select: fc.option(fc.array(path, { minLength: 1, maxLength: 3 }), { nil: undefined }), waitMs: fc.constantFrom(0, 0, 1, 10) }), { minLength: 6, maxLength: 6 })

    await fc.assert(fc.asyncProperty(documents, queries, async (given, asked) => {
      const kept = await fill(storage, time, collection, given)
      try {
        for (const { waitMs, select, limit, asked: query } of asked) {
          time.nowMs += waitMs
          const expected = answer(kept, time.nowMs, query)
          const found = await pages(storage, { collection, ...query, limit, ...(select && { select }) })

          t.deepEqual(found.map((item) => item.id), expected.map((record) => record.id))
          t.deepEqual<unknown, unknown>(found.map((item) => item.value), JSON.parse(JSON.stringify(expected.map((record) => (select ? selected(record, select) : record.value)))))
          t.is((await storage.count({ collection, where: query.where }, callWith())).count, expected.length)
        }
      } finally {
        await empty(storage, collection)
      }
    }), { numRuns: runs })
  })

  test(`whoever is left alone stands once on the pages, whatever others write between them: ${collection}`, async (t) => {
    t.timeout(600_000)
    const time = new Time()
    const { storage } = await openStorage(t, { collections }, { clock: time })
    const changes = fc.array(fc.record({ id, value: fc.option(document) }), { maxLength: 12 })

    await fc.assert(fc.asyncProperty(documents, changes, query(Object.values(collections[collection] ?? {}).flat()), fc.integer({ min: 1, max: 4 }), async (given, changes, { where, orderBy }, limit) => {
      const kept = await fill(storage, time, collection, given.map((one) => ({ ...one, ttlMs: undefined })))
      const touched = new Set<string>()
      const left = [...changes]
      try {
        const found = await pages(storage, { collection, where, orderBy, limit }, async () => {
          const change = left.pop()
          if (!change) return
          touched.add(change.id)
          time.nowMs++
          const done = change.value === null ? storage.delete({ collection, id: change.id }, callWith()) : storage.put({ collection, id: change.id, value: change.value }, callWith())
          await done.catch((error: unknown) => {
            if (!['STORAGE_NOT_FOUND', 'STORAGE_NOT_UNIQUE'].includes(codeOf(error))) throw error
          })
        })
        const alone = (records: readonly { readonly id: string }[]) => records.map((record) => record.id).filter((one) => !touched.has(one))
        t.deepEqual(alone(found), alone(answer(kept, time.nowMs, { where, orderBy })))
      } finally {
        await empty(storage, collection)
      }
    }), { numRuns: Math.ceil(runs / 2) })
  })
}

test('a unit finds its own writes among what is stored', async (t) => {
  t.timeout(600_000)
  const time = new Time()
  const { storage } = await openStorage(t, { collections }, { clock: time })
  const collection = 'indexed'
  const staged = fc.uniqueArray(fc.record({ id, value: fc.option(document) }), { selector: (one) => one.id, maxLength: 15 })

  await fc.assert(fc.asyncProperty(documents, staged, where, orderBy, fc.integer({ min: 1, max: 5 }), async (given, staged, where, orderBy, limit) => {
    const kept = await fill(storage, time, collection, given)
    try {
      await storage.unit(async (unit) => {
        // Made anew: a unit may run again.
        const now = new Map(kept.map((record) => [record.id, record]))
        const call = callWith({ unit })
        for (const { id, value } of staged) {
          const before = now.get(id)
          if (value) {
            await storage.put({ collection, id, value }, call)
            const live = before && before.expiresAtMs > time.nowMs
            now.set(id, { id, value, createdAtMs: live ? before.createdAtMs : time.nowMs, updatedAtMs: time.nowMs, expiresAtMs: Number.POSITIVE_INFINITY })
          } else if (before && before.expiresAtMs > time.nowMs) {
            await storage.delete({ collection, id }, call)
            now.delete(id)
          }
        }
        const expected = answer([...now.values()], time.nowMs, { where, orderBy }).map((record) => record.id)

        const found: string[] = []
        for (let after: string | null | undefined; after !== null; ) {
          const page = await storage.find({ collection, where, orderBy, limit, ...(after !== undefined && { after }) }, call)
          found.push(...page.items.map((item) => item.id))
          after = page.next
        }
        t.deepEqual(found, expected)
        t.is((await storage.count({ collection, where }, call)).count, expected.length)
      })
    } finally {
      await empty(storage, collection)
    }
  }), { numRuns: runs })
})
