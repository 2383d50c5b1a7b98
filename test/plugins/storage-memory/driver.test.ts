import test from 'ava'
import { storageHarness } from '../../contract/storage-harness.ts'

const collection = 'orders'
const keys = { collections: { orders: { indexes: [['n']], unique: [['number']] } } }
const full = { code: 'STORAGE_FULL' }
const small = storageHarness({ capabilities: ['units'], time: 'kernel', place: () => ({ storage: { use: 'memory', with: { maxSize: '64KiB' } } }) })
const heavy = { text: 'x'.repeat(10_000) }

test('a full store refuses what would take more, keeps what it has, and takes what makes room', async (t) => {
  const { storage } = await small.start(t, keys)
  for (let n = 0; n < 6; n++) await storage.put({ collection, id: `o${n}`, value: { ...heavy, n } })

  await t.throwsAsync(storage.put({ collection, id: 'o6', value: heavy }), full)
  await t.throwsAsync(storage.write({ operations: [{ delete: { collection, id: 'o0' } }, { put: { collection, id: 'o6', value: heavy } }, { put: { collection, id: 'o7', value: heavy } }] }), full)

  t.deepEqual((await storage.find({ collection, orderBy: ['n'], select: ['n'] })).items.map((item) => item.value), [0, 1, 2, 3, 4, 5].map((n) => ({ n })))
  await storage.patch({ collection, id: 'o1', patch: { text: null } })
  await t.notThrowsAsync(storage.put({ collection, id: 'o6', value: heavy }))
})

test('what has expired makes room when room is needed', async (t) => {
  const { storage, clock } = await small.start(t, keys)
  for (let n = 0; n < 6; n++) await storage.put({ collection, id: `o${n}`, value: { ...heavy, n }, ttlMs: n === 3 ? 10 : 1_000 })
  await t.throwsAsync(storage.put({ collection, id: 'o6', value: heavy }), full)

  await clock.advance(10)

  await t.notThrowsAsync(storage.put({ collection, id: 'o6', value: heavy }))
  await t.throwsAsync(storage.put({ collection, id: 'o7', value: heavy }), full)
  t.deepEqual(await storage.count({ collection }), { count: 6 })
})

test('room that rows took is free again when they are replaced, deleted or swept', async (t) => {
  const { storage, clock } = await small.start(t, keys)

  for (let round = 0; round < 20; round++) {
    await storage.write({ operations: Array.from({ length: 6 }, (_, n) => ({ put: { collection, id: `o${n}`, value: { ...heavy, n: round, number: n }, ttlMs: 10 } })) })
    if (round % 2 === 0) for (let n = 0; n < 6; n++) await storage.delete({ collection, id: `o${n}` })
    else await clock.advance(60_000)
  }

  t.deepEqual(await storage.count({ collection }), { count: 0 })
})
