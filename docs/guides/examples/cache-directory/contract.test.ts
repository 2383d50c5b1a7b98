import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createKernel } from 'portico'
import { cacheContract, VirtualClock } from 'portico/testing'

for (const { title, run } of cacheContract) {
  test(title, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'directory-cache-'))
    const clock = new VirtualClock()
    await run(t, {
      clock,
      capabilities: [],
      async open(keys = {}) {
        const kernel = await createKernel({
          version: 1, name: 'contract', plugins: [join(import.meta.dirname, 'index.js')],
          ports: { cache: { use: 'directory', with: { directory: 'entries' }, ...keys } },
        }, { directory, clock, env: {} })
        t.teardown(async () => {
          await kernel.close()
          await rm(directory, { recursive: true, force: true })
        })
        return kernel.ports.cache
      },
    })
  })
}
