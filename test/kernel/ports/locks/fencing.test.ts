import test from 'ava'
import { createKernel } from '../../../../kernel/index.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { silentLog } from '../../../contract/log.ts'
import { testDatabase } from '../../../contract/test-database.ts'
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

test('fencing tokens grow from one driver, database or process to the next, so that no fence of before stops who holds the lock now', async (t) => {
  const clock = new VirtualClock()
  const [one, two] = [await testDatabase('sqlite:'), await testDatabase('sqlite:')]
  t.teardown(async () => { await one.drop(); await two.drop() })
  let last = 0
  for (const locks of [{ on: one.connection }, { use: 'memory' }, { on: two.connection }, { use: 'memory' }, { on: one.connection }]) {
    const kernel = await createKernel({ version: 1, name: 'shop', ports: { locks } }, { clock, log: silentLog, env: {} })
    for (let turn = 0; turn < 3; turn += 1) {
      const { token, fencingToken } = await kernel.ports.locks.acquire({ name: 'reports/daily', ttlMs: 1_000 })
      t.true(fencingToken > last, `${fencingToken} after ${last}, ${JSON.stringify(locks)}`)
      last = fencingToken
      await kernel.ports.locks.release({ name: 'reports/daily', token })
    }
    await kernel.close()
    await clock.advance(1)
  }
})
