import { promise, type StorageCase } from './storage-case.ts'
import { faceCases } from './storage-faces.ts'
import { fenceCases } from './storage-fences.ts'
import { pageCases } from './storage-pages.ts'
import { transferCases } from './storage-transfers.ts'
import { unitCases } from './storage-units.ts'
import { viewCases } from './storage-views.ts'

const collection = 'orders'
const at = (id: string) => ({ collection, id })
const ids = (page: { readonly items: readonly { readonly id: string }[] }) => page.items.map((item) => item.id)

/** What every driver of the port `storage` keeps, on `contractKeys`. */
export const storageContract: readonly StorageCase[] = [
  promise('a record is kept, replaced, patched and removed', async (t, { storage }) => {
    const added = await storage.insert({ collection, value: { status: 'new', note: null, to: { a: 1, b: 2 } } })
    t.deepEqual(await storage.get(at(added.id)), added)

    t.like(await storage.patch({ ...at(added.id), patch: { status: null, to: { a: null } } }), { id: added.id, createdAt: added.createdAt })
    t.deepEqual((await storage.get(at(added.id))).value, { note: null, to: { b: 2 } })
    t.like(await storage.put({ ...at(added.id), value: { n: 1 } }), { value: { n: 1 }, created: false })

    t.deepEqual(await storage.delete(at(added.id)), { id: added.id })
    await t.throwsAsync(storage.get(at(added.id)), { code: 'STORAGE_NOT_FOUND' })
    await t.throwsAsync(storage.delete(at(added.id)), { code: 'STORAGE_NOT_FOUND' })
    await t.throwsAsync(storage.patch({ ...at(added.id), patch: {} }), { code: 'STORAGE_NOT_FOUND' })
  }),

  promise('every way of reading tells the same, whatever names a document has', async (t, { storage }) => {
    const value = { constructor: [{ constructor: [1] }, null], toString: { length: [0.1] }, 'a.b': [[]], '': { hasOwnProperty: ['é', ' '] }, 0: 'zero' }
    const { id } = await storage.insert({ collection, value })

    t.deepEqual((await storage.get(at(id))).value, value)
    t.deepEqual((await storage.getMany({ collection, ids: [id] })).items[0]?.value, value)
    t.deepEqual((await storage.find({ collection })).items[0]?.value, value)
    t.deepEqual((await storage.patch({ ...at(id), patch: { more: 1 } })).value, { ...value, more: 1 })
    t.deepEqual((await storage.get(at(id))).value, { ...value, more: 1 })
  }),

  promise('a version never comes back', async (t, { storage }) => {
    const versions = new Set<string>()
    for (let n = 0; n < 3; n++) {
      versions.add((await storage.put({ ...at('o1'), value: {} })).version)
      versions.add((await storage.put({ ...at('o1'), value: {} })).version)
      await storage.delete(at('o1'))
    }
    t.is(versions.size, 6)
  }),

  promise('a write on a condition that does not hold changes nothing', async (t, { storage }) => {
    const first = await storage.put({ ...at('o1'), value: { n: 1 } })
    const second = await storage.put({ ...at('o1'), value: { n: 2 }, ifVersion: first.version })
    const conflict = { code: 'STORAGE_VERSION_CONFLICT' }

    await t.throwsAsync(storage.put({ ...at('o1'), value: {}, ifVersion: first.version }), conflict)
    await t.throwsAsync(storage.patch({ ...at('o1'), patch: {}, ifVersion: first.version }), conflict)
    await t.throwsAsync(storage.delete({ ...at('o1'), ifVersion: first.version }), conflict)
    await t.throwsAsync(storage.put({ ...at('gone'), value: {}, ifVersion: '*' }), conflict)
    await t.throwsAsync(storage.delete({ ...at('gone'), ifVersion: '*' }), conflict)
    await t.throwsAsync(storage.put({ ...at('o1'), value: {}, ifAbsent: true }), { code: 'STORAGE_ALREADY_EXISTS' })
    await t.throwsAsync(storage.insert({ ...at('o1'), value: {} }), { code: 'STORAGE_ALREADY_EXISTS' })
    await t.throwsAsync(storage.put({ ...at('o1'), value: {}, ifVersion: 'v', ifAbsent: true }), { code: 'INPUT_INVALID' })
    t.is((await storage.get(at('o1'))).version, second.version)
  }),

  promise('no two records share what is unique; null is a value, a missing path is none', async (t, { storage }) => {
    await storage.put({ ...at('o1'), value: { number: null } })
    await storage.put({ ...at('o2'), value: {} })
    await storage.put({ ...at('o3'), value: {} })

    await t.throwsAsync(storage.insert({ collection, value: { number: null } }), { code: 'STORAGE_NOT_UNIQUE' })
    await t.throwsAsync(storage.put({ ...at('o2'), value: { number: null } }), { code: 'STORAGE_NOT_UNIQUE' })
    await storage.delete(at('o1'))
    await t.notThrowsAsync(storage.put({ ...at('o2'), value: { number: null } }))
  }),

  promise('pages follow one another, and a cursor is bound to its query', async (t, { storage }) => {
    for (let n = 0; n < 7; n++) await storage.put({ ...at(`o${n}`), value: { status: 'paid', total: n % 3 } })
    const query = { collection, where: { status: 'paid' }, orderBy: ['-total'], limit: 3 }

    const first = await storage.find(query)
    const second = await storage.find({ ...query, after: first.next ?? '' })
    const third = await storage.find({ ...query, after: second.next ?? '' })
    t.deepEqual([ids(first), ids(second), ids(third), third.next], [['o5', 'o2', 'o4'], ['o1', 'o6', 'o3'], ['o0'], null])

    const bad = { code: 'STORAGE_BAD_CURSOR' }
    await t.throwsAsync(storage.find({ ...query, orderBy: ['total'], after: first.next ?? '' }), bad)
    await t.throwsAsync(storage.find({ ...query, after: `${first.next}A` }), bad)
    await t.throwsAsync(storage.find({ ...query, after: 'nonsense' }), bad)
  }),

  promise('select keeps the record and reduces its value', async (t, { storage }) => {
    await storage.put({ ...at('o1'), value: { a: { b: 1, c: 2 }, d: 3, e: 4 } })
    const { items } = await storage.find({ collection, select: ['a.b', 'd', 'x.y'] })
    t.deepEqual(items.map((item) => item.value), [{ a: { b: 1 }, d: 3 }])
  }),

  promise('a query that would examine too much is refused with the index to declare', async (t, { storage }) => {
    for (let n = 0; n < 6; n++) await storage.insert({ collection: 'strict', value: { n } })
    await t.throwsAsync(storage.find({ collection: 'strict', where: { n: 7 }, orderBy: ['-n'] }), { code: 'STORAGE_NEEDS_INDEX', message: /indexes: \[\[n\]\]/ })
    t.deepEqual(await storage.count({ collection: 'strict' }), { count: 6 })
  }),

  promise('an expired record is not there; put clears the time, patch keeps it', async (t, { storage, clock }) => {
    for (const id of ['o1', 'o2']) await storage.put({ ...at(id), value: { number: id }, ttlMs: 2_000 })
    const { expiresAt } = await storage.put({ ...at('o3'), value: { number: 'o3' }, ttlMs: 2_000 })
    await storage.put({ ...at('o2'), value: {} })
    t.is((await storage.patch({ ...at('o3'), patch: { m: 1 } })).expiresAt, expiresAt)

    await clock.advance(2_000)
    t.deepEqual(ids(await storage.find({ collection })), ['o2'])
    await t.throwsAsync(storage.patch({ ...at('o1'), patch: {} }), { code: 'STORAGE_NOT_FOUND' })
    await t.throwsAsync(storage.delete(at('o1')), { code: 'STORAGE_NOT_FOUND' })
    t.true((await storage.put({ ...at('o1'), value: { number: 'o3' } })).created)
  }),

  promise('what no backend keeps faithfully is refused with its place', async (t, { storage }) => {
    const nested = (levels: number): object => (levels === 0 ? {} : { a: nested(levels - 1) })
    const values: unknown[] = [{ $a: 1 }, { a: { _bsontype: 1 } }, JSON.parse('{"__proto__":1}'), { 'a\0': 1 }, { a: 'x\0' }, { a: '\ud800' }, { a: 1e999 }, { a: [undefined] }, { a: new Date() }, nested(30)]
    for (const value of values) await t.throwsAsync(storage.insert({ collection, value: value as Record<string, never> }), { code: 'INPUT_INVALID' }, JSON.stringify(value))
    for (const id of ['', 'x'.repeat(256), 'é'.repeat(128), '_a', '.', '..', 'a\0', '\udc00']) await t.throwsAsync(storage.put({ ...at(id), value: {} }), { code: 'INPUT_INVALID' }, JSON.stringify(id))
    await t.notThrowsAsync(storage.insert({ collection, value: nested(29) as Record<string, never> }))
    await t.throwsAsync(storage.insert({ collection, value: { status: 'x'.repeat(513) } }), { code: 'STORAGE_KEY_TOO_LONG' })
    await t.throwsAsync(storage.insert({ collection: 'strict', value: { n: 'one' } }), { code: 'STORAGE_VALUE_INVALID' })
    await t.throwsAsync(storage.insert({ collection: 'strict', value: { n: 1, x: 'y'.repeat(1024) } }), { code: 'STORAGE_TOO_LARGE' })
    await t.throwsAsync(storage.get({ collection: 'nowhere', id: 'o1' }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
  }),

  promise('a query without meaning is refused with its place', async (t, { storage }) => {
    const wheres: unknown[] = [{ $or: [] }, { $and: [] }, { a: { $near: 1 } }, { a: {} }, { a: [1] }, { a: { $eq: {} } }, { a: { $in: 1 } }, { $createdAt: 5 }, { $createdAt: '2026-02-30T00:00:00.000Z' }, { $foo: 1 }, { a: { $exists: 1 } }, { a: 'x\0' }, { $not: 1 }]
    for (const where of wheres) await t.throwsAsync(storage.find({ collection, where: where as Record<string, never> }), { code: 'INPUT_INVALID' }, JSON.stringify(where))
    for (const limit of [0, 1001, 1.5]) await t.throwsAsync(storage.find({ collection, limit }), { code: 'INPUT_INVALID' })
    await t.throwsAsync(storage.find({ collection, orderBy: ['a'], where: {}, select: ['$id'] }), { code: 'INPUT_INVALID' })
  }),

  ...pageCases,
  ...unitCases, ...fenceCases,
  ...transferCases,
  ...viewCases,
  ...faceCases,
]
