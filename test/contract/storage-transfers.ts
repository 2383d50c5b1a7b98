import type { ImportCounts, PortableRecord } from '../../kernel/ports/storage/index.ts'
import { promise, type StorageCase } from './storage-case.ts'

const collection = 'orders'

function portable(id: string, more: Partial<PortableRecord> = {}): PortableRecord {
  return { id, value: { of: id }, createdAt: '2020-01-02T03:04:05.006Z', updatedAt: '2021-01-02T03:04:05.007Z', ...more }
}

function counted(counts: Partial<ImportCounts>): ImportCounts {
  return { added: 0, replaced: 0, skipped: 0, same: 0, expired: 0, ...counts }
}

/** Records in and out, past the operations. */
export const transferCases: readonly StorageCase[] = [
  promise('an export has every record once, in the order of the ids, with all but its version', async (t, { storage }, { utf16Ids }) => {
    const strange = utf16Ids ? [] : ['\u{ffff}', '\u{10000}']
    for (const id of ['b', 'a ', ...strange.toReversed(), 'A', 'é']) await storage.put({ collection, id, value: { of: id, big: 'x'.repeat(1_000) } })
    await storage.put({ collection, id: 'c', value: {}, ttlMs: 3_600_000 })

    const records: PortableRecord[] = []
    for (let after: string | null | undefined; after !== null;) {
      const page = await storage.exportRecords({ collection, ...(after !== undefined && { after }) })
      records.push(...page.records)
      after = page.next
    }

    t.deepEqual(records.map(({ id }) => id), ['A', 'a ', 'b', 'c', 'é', ...strange])
    for (const record of records) {
      const { version: _made, ...stored } = await storage.get({ collection, id: record.id })
      t.deepEqual(record, stored)
    }
  }),

  promise('an import keeps ids and times, makes versions anew, and is found by the indexes', async (t, { storage, clock }) => {
    const expiresAt = new Date(clock.now() + 3_600_000).toISOString()
    const records = [portable('o1', { value: { status: 'open', total: 1 }, expiresAt }), portable('o2', { value: { status: 'open', total: 2 } })]

    t.deepEqual(await storage.importRecords({ collection, records }), counted({ added: 2 }))

    const { items } = await storage.find({ collection, where: { status: 'open' }, orderBy: ['-total'] })
    t.deepEqual(items.map(({ version: _made, ...record }) => record), records.toReversed())
    t.deepEqual((await storage.exportRecords({ collection })).records, records)
  }),

  promise('an id that is there fails the import, is left, or is replaced, as was asked', async (t, { storage }) => {
    const before = await storage.insert({ collection, id: 'o1', value: { n: 1 } })
    const records = [portable('o0'), portable('o1')]

    const error = await t.throwsAsync(storage.importRecords({ collection, records }), { code: 'STORAGE_ALREADY_EXISTS' })
    t.like(error, { errors: [{ path: '/operations/1' }] })
    t.deepEqual(await storage.get({ collection, id: 'o1' }), before)

    await storage.importRecords({ collection, records, onConflict: 'skip' })
    t.deepEqual(await storage.get({ collection, id: 'o1' }), before)

    t.deepEqual(await storage.importRecords({ collection, records, onConflict: 'replace' }), counted({ replaced: 2 }))
    const after = await storage.get({ collection, id: 'o1' })
    t.not(after.version, before.version)
    t.like(after, { ...portable('o1') })
  }),

  promise('an import that goes on takes what is there and the same for done, and nothing else', async (t, { storage }) => {
    await storage.importRecords({ collection, records: [portable('o1', { value: { b: [1, { c: null }], a: 'x' } }), portable('o2')] })
    const before = await storage.get({ collection, id: 'o1' })
    const records = [portable('o1', { value: { a: 'x', b: [1, { c: null }] } }), portable('o2'), portable('o3')]

    t.deepEqual(await storage.importRecords({ collection, records, resume: true }), counted({ same: 2, added: 1 }))
    t.deepEqual(await storage.importRecords({ collection, records, resume: true }), counted({ same: 3 }))

    t.deepEqual(await storage.get({ collection, id: 'o1' }), before)
    const other = { collection, records: [portable('o1', { updatedAt: '2022-01-02T03:04:05.006Z' })], resume: true }
    await t.throwsAsync(storage.importRecords(other), { code: 'STORAGE_ALREADY_EXISTS' })
    t.deepEqual(await storage.importRecords({ ...other, onConflict: 'skip' }), counted({ skipped: 1 }))
  }),

  promise('what has expired is left out, and its id is free', async (t, { storage, clock }) => {
    await storage.put({ collection, id: 'o1', value: {}, ttlMs: 1 })
    await clock.advance(10)

    t.deepEqual(await storage.importRecords({ collection, records: [portable('o1', { expiresAt: '2020-01-02T03:04:05.006Z' })] }), counted({ expired: 1 }))
    t.deepEqual(await storage.importRecords({ collection, records: [portable('o1')] }), counted({ added: 1 }))
    t.like(await storage.get({ collection, id: 'o1' }), { value: { of: 'o1' } })
  }),

  promise('an import refuses what a write refuses, and names the record', async (t, { storage }) => {
    const refused = async (records: readonly PortableRecord[], code: string, into = collection) => {
      const error = await t.throwsAsync(storage.importRecords({ collection: into, records: [portable('good', { value: { n: 1 } }), ...records] }), { code })
      t.like(error, { errors: [{ path: '/operations/1' }] })
    }
    await refused([portable('_id')], 'INPUT_INVALID')
    await refused([portable('o1', { value: { a: { $b: 1 } } })], 'INPUT_INVALID')
    await refused([portable('o1', { createdAt: '2026-02-30T00:00:00.000Z' })], 'INPUT_INVALID')
    await refused([portable('o1', { updatedAt: '2026-02-20' })], 'INPUT_INVALID')
    await refused([portable('o1', { expiresAt: 'never' })], 'INPUT_INVALID')
    await refused([portable('o1', { value: { status: 'x'.repeat(513) } })], 'STORAGE_KEY_TOO_LONG')
    await refused([portable('o1', { value: { n: 'one' } })], 'STORAGE_VALUE_INVALID', 'strict')
    await refused([portable('o1', { value: { n: 1, a: 'x'.repeat(1_024) } })], 'STORAGE_TOO_LARGE', 'strict')
    t.deepEqual(await storage.count({ collection }), { count: 0 })

    await t.throwsAsync(storage.importRecords({ collection, records: [portable('o1'), portable('o1')] }), { code: 'INPUT_INVALID' })
    await t.throwsAsync(storage.importRecords({ collection: 'ordres', records: [] }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
    t.throws(() => { storage.checkRecord({ collection, record: portable('_id') }) }, { code: 'INPUT_INVALID' })
  }),

  promise('two records that share what is unique are refused', async (t, { storage }) => {
    const records = [portable('o1', { value: { number: 1 } }), portable('o2', { value: { number: 1 } })]

    const error = await t.throwsAsync(storage.importRecords({ collection, records, onConflict: 'replace' }), { code: 'STORAGE_NOT_UNIQUE' })

    t.regex(error instanceof Error && 'errors' in error ? JSON.stringify(error.errors) : '', /operations\/[01]/)
  }),
]
