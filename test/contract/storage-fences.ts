import { contractKeys } from './storage-keys.ts'
import { type BoundStorage, type StorageCase, unitPromise } from './storage-case.ts'

const at = { collection: 'orders', id: 'o1' }
const fenced = { code: 'LOCK_FENCED' }
const under = (fencingToken: number, lock = 'orders/7') => ({ fence: { lock, fencingToken } })
type Write = (storage: BoundStorage, fencingToken: number) => Promise<unknown>
const put: Write = (storage, fencingToken) => storage.put({ ...at, value: { n: fencingToken }, ...under(fencingToken) })
const writes: Readonly<Record<string, Write>> = {
  put,
  patch: (storage, fencingToken) => storage.patch({ ...at, patch: { n: fencingToken }, ...under(fencingToken) }),
  write: (storage, fencingToken) => storage.write({ operations: [{ put: { ...at, value: { n: fencingToken } } }], ...under(fencingToken) }),
}

/** Writes that only the latest holder of a lock may do. */
export const fenceCases: readonly StorageCase[] = [
  unitPromise('what a later holder of a lock has written, an earlier one overwrites no more', async (t, { storage }) => {
    await storage.put({ ...at, value: {} })
    let token = 9
    for (const write of Object.values(writes)) {
      token += 2
      await write(storage, token)
      await write(storage, token)
      for (const [late, writeLate] of Object.entries(writes)) await t.throwsAsync(writeLate(storage, token - 1), fenced, late)
      t.deepEqual((await storage.get(at)).value, { n: token })
    }

    await storage.put({ ...at, value: { n: 0 }, ...under(1, 'another lock') })
    t.deepEqual((await storage.get(at)).value, { n: 0 })
  }),

  unitPromise('a write that is refused raises no fence', async (t, { storage }) => {
    await t.throwsAsync(storage.put({ ...at, value: {}, ifVersion: 'none', ...under(5) }), { code: 'STORAGE_VERSION_CONFLICT' })
    await t.throwsAsync(storage.patch({ ...at, patch: {}, ...under(5) }), { code: 'STORAGE_NOT_FOUND' })
    await t.throwsAsync(storage.write({ operations: [{ put: { ...at, value: {} } }, { check: { ...at, id: 'o2', ifVersion: '*' } }], ...under(5) }), { code: 'STORAGE_VERSION_CONFLICT' })

    t.true((await storage.put({ ...at, value: {}, ...under(4) })).created)
  }),

  unitPromise('whoever holds last has written last, whatever order they come in', async (t, { storage }) => {
    const tokens = Array.from({ length: 16 }, (_, index) => ((index * 7) % 16) + 1)

    const outcomes = await Promise.allSettled(tokens.map((token) => put(storage, token)))

    t.is(outcomes[tokens.indexOf(16)]?.status, 'fulfilled')
    for (const outcome of outcomes) if (outcome.status === 'rejected') t.is((outcome.reason as { readonly code: string }).code, 'LOCK_FENCED')
    t.deepEqual((await storage.get(at)).value, { n: 16 })
  }),

  unitPromise('a unit that a later holder overtakes before its commit is run again, and fenced off', async (t, { storage, unit: open }) => {
    const { unit, commit } = open()
    await storage.put({ ...at, value: { n: 1 }, ...under(1) }, { unit })
    await storage.put({ collection: 'orders', id: 'o2', value: { n: 1 }, ...under(1) }, { unit })
    await put(storage, 2)
    await t.throwsAsync(commit(), { code: 'STORAGE_CONTENDED' })

    let runs = 0
    await t.throwsAsync(storage.unit(async (again) => {
      runs++
      await storage.put({ ...at, value: { n: 3 }, ...under(3) }, { unit: again })
      if (runs === 1) await put(storage, 4)
    }), fenced)
    t.deepEqual((await storage.get(at)).value, { n: 4 })
  }),

  {
    title: 'a fence is refused where its lock could not be an id, or without units',
    async run(t, harness) {
      const { storage } = await harness.start(t, contractKeys)
      if (!harness.capabilities.includes('units')) {
        for (const write of Object.values(writes)) await t.throwsAsync(write(storage, 1), { code: 'STORAGE_UNSUPPORTED' })
        return
      }
      for (const fence of [{ lock: '', fencingToken: 1 }, { lock: 'a\0', fencingToken: 1 }, { lock: 'x'.repeat(256), fencingToken: 1 }, { lock: 'a', fencingToken: 0 }, { lock: 'a', fencingToken: 1.5 }, { lock: 'a', fencingToken: 2 ** 53 }]) {
        await t.throwsAsync(storage.put({ ...at, value: {}, fence }), { code: 'INPUT_INVALID' }, JSON.stringify(fence))
      }
    },
  },
]
