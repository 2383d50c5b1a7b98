import test from 'ava'
import { testKernel } from '../../../contract/test-kernel.ts'

test('a holder that stalled past its time writes nothing over what the next one wrote', async (t) => {
  const { ports: { locks, storage }, clock, close } = await testKernel({
    version: 1, name: 'shop', connections: { main: { use: 'sqlite', with: { file: 'shop.db' } } },
    ports: { storage: { on: 'main', collections: { reports: {} } }, locks: { on: 'main' } },
  })
  t.teardown(close)
  const lock = 'reports/daily'
  const report = (by: string) => ({ collection: 'reports', id: 'daily', value: { by } })
  const stalled = await locks.acquire({ name: lock, ttlMs: 1_000 })
  await storage.put({ ...report('first'), fence: { lock, fencingToken: stalled.fencingToken } })

  await clock.advance(1_000)
  const next = await locks.acquire({ name: lock, ttlMs: 1_000 })
  await storage.put({ ...report('second'), fence: { lock, fencingToken: next.fencingToken } })

  await t.throwsAsync(storage.put({ ...report('late'), fence: { lock, fencingToken: stalled.fencingToken } }), { code: 'LOCK_FENCED' })
  t.deepEqual((await storage.get({ collection: 'reports', id: 'daily' })).value, { by: 'second' })
})
