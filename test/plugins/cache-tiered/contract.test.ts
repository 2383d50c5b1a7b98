import test from 'ava'
import { LruCache } from '../../../plugins/cache-lru/driver.ts'
import { TieredCache } from '../../../plugins/cache-tiered/driver.ts'
import { cacheDriverContract } from '../../contract/cache-driver.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { testCacheContract } from '../cache-contract.ts'

const levels = [{ use: 'lru', with: { maxSize: '1MiB' } }, { use: 'lru', with: { maxSize: '16MiB' } }]

const tiered = (maxStale: string) => ({ use: 'tiered', with: { levels, maxStale } })

testCacheContract({ 'copies that stay': tiered('1h'), 'copies that are gone at once': tiered('1ms') })

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
