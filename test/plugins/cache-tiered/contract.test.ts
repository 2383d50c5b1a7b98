import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { LruCache } from '../../../plugins/cache-lru/driver.ts'
import { TieredCache } from '../../../plugins/cache-tiered/driver.ts'
import { cacheContract } from '../../contract/cache.ts'
import { cacheDriverContract } from '../../contract/cache-driver.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'

const levels = [{ use: 'lru', with: { maxSize: '1MiB' } }, { use: 'lru', with: { maxSize: '16MiB' } }]

for (const [name, maxStale] of Object.entries({ 'copies that stay': '1h', 'copies that are gone at once': '1ms' })) {
  for (const { title, run } of cacheContract) {
    test(`${name}: ${title}`, async (t) => {
      const clock = new VirtualClock()
      await run(t, {
        clock,
        capabilities: ['tags'],
        async open(keys = {}) {
          const manifest = { version: 1, name: 'test', ports: { cache: { use: 'tiered', with: { levels, maxStale }, ...keys } } }
          const kernel = await createKernel(manifest, { directory: tmpdir(), clock, log: silentLog, env: {} })
          t.teardown(() => kernel.close())
          return kernel.ports.cache
        },
      })
    })
  }
}

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
