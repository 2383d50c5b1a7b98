import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { lockReplicas } from '../../contract/locks-replicas.ts'
import { locksContract, type LocksHarness } from '../../contract/locks.ts'
import { testDatabase } from '../../contract/test-database.ts'

for (const writer of ['main', 'worker']) {
  const harness: LocksHarness = {
    clock: () => new VirtualClock(),
    async start(t, clock) {
      const database = await testDatabase('sqlite:')
      t.teardown(() => database.drop())
      const { use, with: settings } = database.connection
      return lockReplicas(t, clock, { use, with: { ...settings, writer } })
    },
  }
  for (const { title, run } of locksContract) test.serial(`${writer}: ${title}`, (t) => run(t, harness))
}
