import test from 'ava'
import { makeUnit } from '../../../kernel/binding/unit.ts'
import { callWith, openStorage } from './harness.ts'

const collection = 'docs'
const keys = { collections: { docs: { indexes: [['n']], unique: [['email']] } } }
const at = (id: string) => ({ collection, id })

test('operations that run beside one another in one unit all count', async (t) => {
  const { storage } = await openStorage(t, keys)
  await storage.put({ ...at('o1'), value: {} }, callWith())

  await storage.unit(async (unit) => {
    await Promise.all(['a', 'b', 'c'].map((name) => storage.patch({ ...at('o1'), patch: { [name]: 1 } }, callWith({ unit }))))
  }, { timeoutMs: 2_000 })

  t.deepEqual((await storage.get(at('o1'), callWith())).value, { a: 1, b: 1, c: 1 })
})

test('a write that comes after the commit began is refused, never lost in silence', async (t) => {
  const { storage } = await openStorage(t, keys)
  await storage.put({ ...at('o1'), value: {} }, callWith())
  const unit = makeUnit()
  await storage.get(at('o1'), callWith({ unit }))

  const forgotten = storage.put({ ...at('o2'), value: { late: true } }, callWith({ unit }))
  const late = t.throwsAsync(forgotten, { code: 'UNIT_OF_WORK_ENDED' })
  await unit.commit(callWith())

  await late
  await t.throwsAsync(storage.get(at('o2'), callWith()), { code: 'STORAGE_NOT_FOUND' })
})

test('a unit holds ten thousand entries, and is refused one more', async (t) => {
  const { storage } = await openStorage(t, keys)
  const unit = makeUnit()
  for (let n = 0; n < 10_000; n++) await storage.insert({ collection, value: {} }, callWith({ unit }))

  await t.throwsAsync(storage.insert({ collection, value: {} }, callWith({ unit })), { code: 'STORAGE_UNIT_TOO_LARGE' })
})
