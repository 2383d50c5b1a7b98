import test from 'ava'
import { LruCache } from '../../../plugins/cache-lru/driver.ts'
import { TieredCache } from '../../../plugins/cache-tiered/driver.ts'
import { cacheDriverContract } from '../../contract/cache-driver.ts'
import { VirtualClock } from '../../contract/clock.ts'
for (const { title, run } of cacheDriverContract) {
  test(`driver: ${title}`, (t) => run(t, {
    clock: () => new VirtualClock(),
    capabilities: ['tags'],
    open: async (_, clock) => {
      const lru = () => new LruCache({ maxSizeBytes: 1024 ** 2, maxEntries: undefined }, clock)
      const driver = new TieredCache({ near: lru(), far: lru(), maxStaleMs: 60_000, clock })
      return { driver, other: driver }
    },
  }))
}
