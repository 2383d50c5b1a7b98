import test from 'ava'
import { LruCache } from '../../../plugins/cache-lru/driver.ts'
import { cacheDriverContract } from '../../contract/cache-driver.ts'
import { VirtualClock } from '../../contract/clock.ts'

for (const { title, run } of cacheDriverContract) {
  test(title, (t) => run(t, {
    clock: () => new VirtualClock(),
    capabilities: ['tags'],
    open: async (_, clock) => {
      const driver = new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
      return { driver, other: driver }
    },
  }))
}
