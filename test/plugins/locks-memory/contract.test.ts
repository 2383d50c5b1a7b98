import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { locksContract, type LocksHarness } from '../../contract/locks.ts'
import { silentLog } from '../../contract/log.ts'

const harness: LocksHarness = {
  clock: () => new VirtualClock(),
  async start(t, clock) {
    const kernel = await createKernel({ version: 1, name: 'contract', ports: { locks: { use: 'memory' } } }, { clock, log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    return { locks: kernel.ports.locks, other: kernel.ports.locks }
  },
}

for (const { title, run } of locksContract) test(title, (t) => run(t, harness))
