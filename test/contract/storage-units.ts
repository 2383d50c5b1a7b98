import type { Unit } from '../../kernel/plugin.ts'
import { limits } from '../../kernel/ports/storage/limits.ts'
import { contractKeys } from './storage-keys.ts'
import { promise, type StorageCase, unitPromise } from './storage-case.ts'

const collection = 'orders'
const at = (id: string) => ({ collection, id })
const ids = (page: { readonly items: readonly { readonly id: string }[] }) => page.items.map((item) => item.id)
const contended = { code: 'STORAGE_CONTENDED' }

/** Lists, units of work, and writes that may be repeated. */
export const unitCases: readonly StorageCase[] = [
  {
    title: 'a unit of two records commits both, or is refused at the second one, read or written',
    async run(t, harness) {
      const { storage, unit: open } = await harness.start(t, contractKeys)
      const twice: readonly ((id: string, unit: Unit) => Promise<unknown>)[] = [(id, unit) => storage.put({ ...at(id), value: {} }, { unit }), (id, unit) => storage.getMany({ collection, ids: [id] }, { unit })]

      for (const then of twice) {
        const both = () => storage.unit(async (unit) => {
          await storage.put({ ...at('o1'), value: {} }, { unit })
          await then('o2', unit)
        })
        if (harness.capabilities.includes('units')) await t.notThrowsAsync(both())
        else await t.throwsAsync(both(), { code: 'STORAGE_UNSUPPORTED' })
      }
      if (harness.capabilities.includes('units')) return

      t.deepEqual(await storage.count({ collection }), { count: 0 })
      const { unit, commit } = open()
      await storage.insert({ ...at('o1'), value: { n: 1 } }, { unit })
      await t.throwsAsync(storage.insert({ collection: 'strict', value: { n: 1 } }, { unit }), { code: 'STORAGE_UNSUPPORTED' })
      await commit()
      t.deepEqual([await storage.count({ collection }), await storage.count({ collection: 'strict' })], [{ count: 1 }, { count: 0 }])
    },
  },

  promise('what a unit does to one record in turn is one change, or none', async (t, { storage }) => {
    const { version } = await storage.put({ ...at('o1'), value: { n: 0 } })
    await storage.unit(async (unit) => {
      await storage.patch({ ...at('o1'), patch: { a: 1 } }, { unit })
      await storage.delete(at('o1'), { unit })
      await storage.insert({ ...at('o1'), value: { n: 1 } }, { unit })
      await storage.patch({ ...at('o1'), patch: { b: 2 } }, { unit })
    })
    t.deepEqual((await storage.get(at('o1'))).value, { n: 1, b: 2 })

    await storage.unit(async (unit) => {
      await storage.insert({ ...at('o2'), value: {} }, { unit })
      await storage.delete(at('o2'), { unit })
    })
    await t.throwsAsync(storage.get(at('o2')), { code: 'STORAGE_NOT_FOUND' })
    await t.throwsAsync(storage.unit((unit) => storage.put({ ...at('o1'), value: {}, ifVersion: version }, { unit })), { code: 'STORAGE_VERSION_CONFLICT' })
  }),

  unitPromise('write applies all in order, or none, and names the operation that failed', async (t, { storage }) => {
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

  unitPromise('a unit whose reads were overtaken applies nothing', async (t, { storage, unit: open }) => {
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

  unitPromise('what one operation gives up, a later one of the same write may take', async (t, { storage }) => {
    await storage.put({ ...at('o1'), value: { number: 1 } })
    await storage.put({ ...at('o2'), value: {} })

    await storage.write({ operations: [{ delete: at('o1') }, { put: { ...at('o2'), value: { number: 1 } } }] })

    t.deepEqual(ids(await storage.find({ collection, where: { number: 1 } })), ['o2'])
  }),

  promise('two writers of one version: exactly one wins', async (t, { storage }) => {
    const { version } = await storage.put({ ...at('o1'), value: { n: 0 } })

    const settled = await Promise.allSettled(Array.from({ length: 16 }, (_, n) => storage.put({ ...at('o1'), value: { n }, ifVersion: version })))

    const winner = settled.findIndex((one) => one.status === 'fulfilled')
    t.deepEqual((await storage.get(at('o1'))).value, { n: winner })
    for (const one of settled.toSpliced(winner, 1)) t.like(one, { status: 'rejected', reason: { code: 'STORAGE_VERSION_CONFLICT' } })
  }),

  promise('of many that add one id, or one unique value, exactly one wins', async (t, { storage }) => {
    const won = async (attempts: readonly Promise<unknown>[], code: string) => {
      const settled = await Promise.allSettled(attempts)
      t.is(settled.filter((one) => one.status === 'fulfilled').length, 1)
      for (const one of settled) if (one.status === 'rejected') t.like(one.reason, { code })
    }

    await won(Array.from({ length: 16 }, () => storage.insert({ ...at('o1'), value: {} })), 'STORAGE_ALREADY_EXISTS')
    await won(Array.from({ length: 16 }, () => storage.insert({ collection, value: { number: 1 } })), 'STORAGE_NOT_UNIQUE')
  }),

  promise('operations that run beside one another in one unit all count', async (t, { storage }) => {
    await storage.put({ ...at('o1'), value: {} })

    await storage.unit(async (unit) => {
      await Promise.all(['a', 'b', 'c'].map((name) => storage.patch({ ...at('o1'), patch: { [name]: 1 } }, { unit })))
    }, { timeoutMs: 10_000 })

    t.deepEqual((await storage.get(at('o1'))).value, { a: 1, b: 1, c: 1 })
  }),

  promise('a write that comes after the commit began is refused, never lost in silence', async (t, { storage, unit: open }) => {
    await storage.put({ ...at('o1'), value: {} })
    const { unit, commit } = open()
    await storage.get(at('o1'), { unit })

    const forgotten = storage.put({ ...at('o2'), value: { late: true } }, { unit })
    const late = t.throwsAsync(forgotten, { code: 'UNIT_OF_WORK_ENDED' })
    await commit()

    await late
    await t.throwsAsync(storage.get(at('o2')), { code: 'STORAGE_NOT_FOUND' })
  }),

  unitPromise('a unit commits a thousand writes, and refuses more entries than it can hold', async (t, { storage, unit: open }) => {
    await storage.write({ operations: Array.from({ length: 1_000 }, (_, n) => ({ insert: { ...at(`o${n}`), value: { n } } })) })
    t.deepEqual(await storage.count({ collection }), { count: 1_000 })

    const { unit } = open()
    for (let n = 0; n < limits.unitEntries; n++) await storage.insert({ collection, value: {} }, { unit })
    await t.throwsAsync(storage.insert({ collection, value: {} }, { unit }), { code: 'STORAGE_UNIT_TOO_LARGE' })
  }),

  unitPromise('the same key and input are applied once, and answered as they first were', async (t, { storage }) => {
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

  unitPromise('a key with another input is refused, and a failed write leaves its key free', async (t, { storage }) => {
    const idempotencyKey = 'k-1'
    await t.throwsAsync(storage.insert({ collection: 'strict', value: { n: 'one' }, idempotencyKey }), { code: 'STORAGE_VALUE_INVALID' })
    await storage.insert({ collection, value: { n: 1 }, idempotencyKey })

    await t.throwsAsync(storage.insert({ collection, value: { n: 2 }, idempotencyKey }), { code: 'STORAGE_KEY_REUSED' })
    await t.throwsAsync(storage.insert({ collection, value: { n: 2 }, idempotencyKey: 'with space' }), { code: 'INPUT_INVALID' })
    t.deepEqual(await storage.count({ collection }), { count: 1 })
  }),

  unitPromise('of many at once with one key, one is applied and all are answered alike', async (t, { storage }) => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => storage.insert({ collection, value: { n: 1 }, idempotencyKey: 'same' })))

    t.is(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
    t.deepEqual(await storage.count({ collection }), { count: 1 })
  }),

  unitPromise('what Portico keeps for itself is no collection of anybody’s', async (t, { storage }) => {
    await storage.insert({ collection, value: {}, idempotencyKey: 'k' })
    await t.throwsAsync(storage.find({ collection: '0idempotency' }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
    await t.throwsAsync(storage.write({ operations: [{ delete: { collection: '0idempotency', id: 'k' } }] }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })
  }),
]
