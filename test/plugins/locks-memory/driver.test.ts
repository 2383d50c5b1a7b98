import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'

test('locks beyond maxLocks are refused, until one is released or runs out', async (t) => {
  const clock = new VirtualClock()
  const kernel = await createKernel({ version: 1, name: 'test', ports: { locks: { use: 'memory', with: { maxLocks: 2 } } } }, { clock, log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { locks } = kernel.ports
  const { token } = await locks.acquire({ name: 'a', ttlMs: 60_000 })
  await locks.acquire({ name: 'b', ttlMs: 1_000 })

  await t.throwsAsync(locks.acquire({ name: 'c', ttlMs: 60_000 }), { code: 'LOCK_FULL' })
  await locks.release({ name: 'a', token })
  t.truthy(await locks.acquire({ name: 'c', ttlMs: 60_000 }))
  await t.throwsAsync(locks.acquire({ name: 'd', ttlMs: 60_000 }), { code: 'LOCK_FULL' })
  await clock.advance(1_000)
  t.truthy(await locks.acquire({ name: 'd', ttlMs: 60_000 }))
})
