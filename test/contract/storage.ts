import type { ExecutionContext } from 'ava'
import type { BoundOperations, Unit } from '../../kernel/plugin.ts'
import type { StorageInProcess, StorageOperations } from '../../kernel/ports/storage/index.ts'
import type { VirtualClock } from './clock.ts'

export interface StorageParts {
  readonly storage: BoundOperations<StorageOperations> & StorageInProcess
  readonly clock: VirtualClock
  /** An open unit of work on the binding's connection. */
  unit(): { readonly unit: Unit; commit(): Promise<void> }
}

/** Starts the collections of `contractCollections` on an empty backend. */
export interface StorageHarness {
  start(t: ExecutionContext): Promise<StorageParts>
}

export interface StorageCase {
  readonly title: string
  run(t: ExecutionContext, harness: StorageHarness): Promise<void>
}

/** As the manifest writes them. */
export const contractCollections = {
  orders: { indexes: [['status', '-total']], unique: [['number']] },
  strict: { schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }, maxSize: '1KiB', maxDepth: 3, scanLimit: 5 },
} as const

function promise(title: string, body: (t: ExecutionContext, parts: StorageParts) => Promise<void>): StorageCase {
  return { title, run: async (t, harness) => body(t, await harness.start(t)) }
}

const collection = 'orders'
const at = (id: string) => ({ collection, id })
const ids = (page: { readonly items: readonly { readonly id: string }[] }) => page.items.map((item) => item.id)
const contended = { code: 'STORAGE_CONTENDED' }

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
    await t.notThrowsAsync(storage.write({ operations: [{ delete: at('o1') }, { put: { ...at('o2'), value: { number: null } } }] }))
  }),

  promise('write applies all in order, or none, and names the operation that failed', async (t, { storage }) => {
    const { results } = await storage.write({ operations: [{ insert: { ...at('o1'), value: { n: 1 } } }, { patch: { ...at('o1'), patch: { m: 2 } } }, { check: { ...at('o2'), ifAbsent: true } }, { insert: { ...at('o3'), value: {} } }, { delete: at('o3') }] })
    t.deepEqual(results.map((result) => Object.keys(result)), [['id', 'version'], ['id', 'version'], ['id'], ['id', 'version'], ['id']])
    t.deepEqual((await storage.get(at('o1'))).value, { n: 1, m: 2 })

    const error = await t.throwsAsync<Error & { errors: readonly { path: string }[] }>(storage.write({ operations: [{ put: { ...at('o1'), value: {} } }, { insert: { ...at('o4'), value: {} } }, { check: { ...at('o3'), ifVersion: '*' } }] }), { code: 'STORAGE_VERSION_CONFLICT' })
    t.is(error.errors[0]?.path, '/operations/2')
    t.deepEqual((await storage.get(at('o1'))).value, { n: 1, m: 2 })
    await t.throwsAsync(storage.get(at('o4')), { code: 'STORAGE_NOT_FOUND' })
    await t.throwsAsync(storage.write({ operations: [{ enqueue: { binding: 'nowhere', queue: 'q', payload: 1 } }] }), { code: 'UNIT_OF_WORK_FOREIGN' })
  }),

  promise('a unit sees its own writes, and nobody else does before its commit', async (t, { storage, unit: open }) => {
    const { unit, commit } = open()
    await storage.put({ ...at('o1'), value: { status: 'a', total: 1 } }, { unit })
    t.deepEqual((await storage.get(at('o1'), { unit })).value, { status: 'a', total: 1 })
    t.deepEqual(ids(await storage.find({ collection, where: { status: 'a' } }, { unit })), ['o1'])
    await t.throwsAsync(storage.get(at('o1')), { code: 'STORAGE_NOT_FOUND' })

    await commit()
    t.deepEqual((await storage.get(at('o1'))).value, { status: 'a', total: 1 })
    await t.throwsAsync(storage.get(at('o1'), { unit }), { code: 'UNIT_OF_WORK_ENDED' })
  }),

  promise('a unit whose reads were overtaken applies nothing', async (t, { storage, unit: open }) => {
    await storage.put({ ...at('seen'), value: {} })
    const { unit, commit } = open()
    await storage.get(at('seen'), { unit })
    t.deepEqual(await storage.getMany({ collection, ids: ['absent'] }, { unit }), { items: [null] })
    await storage.put({ ...at('o1'), value: {} }, { unit })

    await storage.put({ ...at('absent'), value: {} })
    await t.throwsAsync(commit(), contended)
    await t.throwsAsync(storage.get(at('o1')), { code: 'STORAGE_NOT_FOUND' })
  }),

  promise('lost updates are impossible: fifty increments end at fifty', async (t, { storage }) => {
    await storage.put({ ...at('counter'), value: { n: 0 } })
    await Promise.all(Array.from({ length: 50 }, () => storage.unit(async (unit) => {
      const { value } = await storage.get(at('counter'), { unit })
      await storage.put({ ...at('counter'), value: { n: (value as { n: number }).n + 1 } }, { unit })
    })))
    t.deepEqual((await storage.get(at('counter'))).value, { n: 50 })
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
    for (const id of ['o1', 'o2', 'o3']) await storage.put({ ...at(id), value: { number: id }, ttlMs: 1_000 })
    await storage.put({ ...at('o2'), value: {} })
    t.is((await storage.patch({ ...at('o3'), patch: { m: 1 } })).expiresAt, (await storage.get(at('o1'))).expiresAt)

    await clock.advance(1_000)
    t.deepEqual(ids(await storage.find({ collection })), ['o2'])
    await t.throwsAsync(storage.patch({ ...at('o1'), patch: {} }), { code: 'STORAGE_NOT_FOUND' })
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

  promise('the same key and input are applied once, and answered as they first were', async (t, { storage }) => {
    const idempotencyKey = 'k-1'
    const first = await storage.insert({ collection, value: { n: 1, status: 'new' }, idempotencyKey })
    await storage.patch({ ...at(first.id), patch: { n: 2 } })

    t.deepEqual(await storage.insert({ collection, value: { status: 'new', n: 1 }, idempotencyKey }), first)
    t.deepEqual(await storage.count({ collection }), { count: 1 })

    const operations = [{ insert: { collection, value: { n: 3 } } }, { delete: at(first.id) }]
    const results = await storage.write({ operations, idempotencyKey })
    t.deepEqual(await storage.write({ operations, idempotencyKey }), results)
    t.deepEqual(await storage.count({ collection }), { count: 1 })
  }),

  promise('a key with another input is refused, and a failed write leaves its key free', async (t, { storage }) => {
    const idempotencyKey = 'k-1'
    await t.throwsAsync(storage.insert({ collection: 'strict', value: { n: 'one' }, idempotencyKey }), { code: 'STORAGE_VALUE_INVALID' })
    await storage.insert({ collection, value: { n: 1 }, idempotencyKey })

    await t.throwsAsync(storage.insert({ collection, value: { n: 2 }, idempotencyKey }), { code: 'STORAGE_KEY_REUSED' })
    await t.throwsAsync(storage.insert({ collection, value: { n: 2 }, idempotencyKey: 'with space' }), { code: 'INPUT_INVALID' })
    t.deepEqual(await storage.count({ collection }), { count: 1 })
  }),

  promise('of many at once with one key, one is applied and all are answered alike', async (t, { storage }) => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => storage.insert({ collection, value: { n: 1 }, idempotencyKey: 'same' })))

    t.is(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
    t.deepEqual(await storage.count({ collection }), { count: 1 })
  }),

  promise('what Portico keeps for itself is no collection of anybody’s', async (t, { storage }) => {
    await storage.insert({ collection, value: {}, idempotencyKey: 'k' })
    await t.throwsAsync(storage.find({ collection: '0idempotency' }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
    await t.throwsAsync(storage.write({ operations: [{ delete: { collection: '0idempotency', id: 'k' } }] }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
  }),
]
