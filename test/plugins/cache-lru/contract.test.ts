import { tmpdir } from 'node:os'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { cacheContract } from '../../contract/cache.ts'
import { VirtualClock } from '../../contract/clock.ts'

const configurations = { 'as it is': {}, 'few entries': { maxEntries: 50, maxSize: '64KiB' } }

for (const [name, settings] of Object.entries(configurations)) {
  for (const { title, run } of cacheContract) {
    test(`${name}: ${title}`, async (t) => {
      const clock = new VirtualClock()
      await run(t, {
        clock,
        capabilities: ['tags'],
        async open(keys = {}) {
          const kernel = await createKernel({ version: 1, name: 'test', ports: { cache: { use: 'lru', with: settings, ...keys } } }, { directory: tmpdir(), clock, env: {} })
          t.teardown(() => kernel.close())
          return (kernel.ports).cache
        },
      })
    })
  }
}
