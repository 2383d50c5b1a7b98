import { deepEqual, equal } from 'node:assert/strict'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { isPorticoError } from '../../../kernel/plugin.ts'
import type { FindInput, StoredRecord } from '../../../kernel/ports/storage/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { json, query, text } from '../../contract/storage-arbitrary.ts'
import { ArrayStorage, type Change } from '../../contract/storage-model.ts'
import { type MappedDatabase, startMapped, typesOf } from './mapped-database.ts'

/** Columns at the paths that the port's random queries ask for, under collations that fold what Portico tells apart. */
async function tables(database: MappedDatabase): Promise<void> {
  const { folded, bytes, text: plain, real, json: document, boolean } = typesOf(database)
  if (database.kind === 'postgres') await database.run(`create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
  const fields = `a ${folded}, b_a_a ${plain}, b_a_c ${real}, b_x bigint, c integer, u ${boolean}, j ${document}, version bigint not null, made bigint not null, changed bigint not null`
  await database.run(`create table named (id ${folded} not null primary key, ${fields})`)
  await database.run(`create table counted (id integer not null primary key, ${fields})`)
  await database.run(`create table ordered (id ${bytes} not null primary key, ${fields})`)
  for (const table of ['named', 'counted', 'ordered']) {
    for (const [name, columns] of Object.entries({ a: 'a, c', c: 'c', u: 'u, b_x', made: 'made' })) await database.run(`create index ${table}_${name} on ${table} (${columns})`)
  }
}

const mapped = (table: string) => ({
  table, id: 'id', version: 'version', createdAt: 'made', updatedAt: 'changed', indexes: ['a', 'c', 'u', 'made'].map((name) => `${table}_${name}`),
  columns: { a: 'a', 'b.a.a': 'b_a_a', 'b.a.c': 'b_a_c', 'b.x': 'b_x', c: 'c', u: 'u', A: { column: 'j', type: 'json' } },
})

const absent = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 3 })
const document = fc.record({
  a: absent(text), c: absent(fc.oneof(fc.constantFrom(0, 1, -1, 42, 2 ** 31 - 1, -(2 ** 31)), fc.integer({ min: -3, max: 3 }))), u: absent(fc.boolean()),
  A: absent(json), ba: absent(text), bc: absent(fc.oneof(fc.constantFrom(0, 0.1, 1 / 3, 5e-324, 1e308, -1), fc.double({ noNaN: true, noDefaultInfinity: true }))), bx: absent(fc.constantFrom(0, 1, 2 ** 53 - 1, -(2 ** 53 - 1))),
}).map(({ ba, bc, bx, ...rest }) => {
  const inner = { ...(ba !== undefined && { a: ba }), ...(bc !== undefined && { c: bc }) }
  const b = { ...(Object.keys(inner).length > 0 && { a: inner }), ...(bx !== undefined && { x: bx }) }
  return JSON.parse(JSON.stringify({ ...rest, ...(Object.keys(b).length > 0 && { b }) })) as Record<string, never>
})
/** Fields taken away, and fields of another record. */
const patch = fc.tuple(document, fc.subarray(['a', 'b', 'c', 'u', 'A'])).map(([value, gone]) => ({ ...value, ...Object.fromEntries(gone.map((name) => [name, null])) }) as Record<string, never>)

/** No two that a collation takes for one. */
const idsOf = { named: fc.constantFrom('a', 'Ab', 'b', 'é2', 'Z', 'ß', '10', '9', '\u{1f600}', 'x'.repeat(64)), counted: fc.constantFrom('0', '9', '10', '100', '-1', '2147483647'), ordered: fc.constantFrom('a', 'A', 'ab', 'a ', 'a\t', 'é', 'e\u0301', '\u{ffff}', '\u{10000}', 'z') }

/** Random documents that have columns, and any queries, answered as over an array. */
export async function answersAlike(t: ExecutionContext, database: MappedDatabase): Promise<void> {
  t.timeout(300_000)
  await tables(database)
  const clock = new VirtualClock()
  const storage = await startMapped(t, database, { collections: { named: mapped('named'), counted: mapped('counted'), ordered: mapped('ordered') } }, clock)
  const numRuns = Number(process.env['STORAGE_RUNS'] ?? (database.kind === 'sqlite' ? 100 : 20))

  for (const collection of ['named', 'counted', 'ordered'] as const) {
    const id = idsOf[collection]
    const changes = fc.array(fc.oneof({ weight: 3, arbitrary: fc.record({ put: fc.record({ id, value: document }) }) }, fc.record({ patch: fc.record({ id, patch }) }), fc.record({ delete: fc.record({ id }) })), { maxLength: 20, size: 'max' })
    await fc.assert(fc.asyncProperty(changes, fc.array(fc.tuple(query([['a', 'c'], ['c'], ['u', 'b.x'], ['$createdAt']]), fc.constantFrom(1, 3, 1_000)), { minLength: 6, maxLength: 6 }), async (changed, asked) => {
      await database.run(`delete from ${collection}`)
      const model = new ArrayStorage([], () => clock.now())
      for (const change of changed as readonly Change[]) {
        await clock.advance(1)
        equal(await outcome(change), model.apply(change), JSON.stringify(change))
      }
      for (const [{ where, orderBy }, limit] of asked) {
        const expected = model.find({ where, orderBy })
        const found = await pages({ collection, where, orderBy, limit })
        deepEqual(found.map((item) => item.id), expected.map((record) => record.id))
        deepEqual(found.map((item) => item.value), JSON.parse(JSON.stringify(expected.map((record) => record.value))))
        deepEqual(found.map(({ createdAt, updatedAt }) => [Date.parse(createdAt), Date.parse(updatedAt)]), expected.map(({ createdAtMs, updatedAtMs }) => [createdAtMs, updatedAtMs]))
        equal((await storage.count({ collection, where })).count, expected.length)
      }
    }), { numRuns, includeErrorInReport: true })

    async function outcome(change: Change): Promise<string> {
      try {
        if ('put' in change) await storage.put({ collection, ...change.put })
        else if ('patch' in change) await storage.patch({ collection, ...change.patch })
        else if ('delete' in change) await storage.delete({ collection, ...change.delete })
        return 'done'
      } catch (error) {
        if (!isPorticoError(error)) throw error
        return error.code === 'STORAGE_NOT_FOUND' ? error.code : `${error.code}: ${error.message}`
      }
    }
  }
  t.pass()

  async function pages(asked: FindInput): Promise<readonly StoredRecord[]> {
    const found: StoredRecord[] = []
    for (let after: string | undefined; ; ) {
      const { items, next } = await storage.find({ ...asked, ...(after !== undefined && { after }) })
      found.push(...items)
      if (next === null) return found
      after = next
    }
  }
}
