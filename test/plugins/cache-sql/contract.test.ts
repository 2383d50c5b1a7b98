import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { cacheContract } from '../../contract/cache.ts'
import { cacheDriverContract } from '../../contract/cache-driver.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { testDatabase } from '../../contract/test-database.ts'
import { startSqlite } from './start.ts'

const near = { use: 'lru', with: { maxSize: '1MiB' } }
const bindings = { alone: { on: 'main' }, tiered: { use: 'tiered', with: { levels: [near, { on: 'main' }], maxStale: '1h' } } }

for (const [name, binding] of Object.entries(bindings)) {
  for (const { title, run } of cacheContract) {
    test.serial(`${name}: ${title}`, async (t) => {
      const database = await testDatabase('sqlite:')
      t.teardown(() => database.drop())
      const clock = new VirtualClock()
      // The cases let virtual time run on turn by turn: writes are answered within a turn, and never late.
      const main = { ...database.connection, with: { ...database.connection.with, writer: 'main' } }
      const open = async (keys = {}) => {
        const kernel = await createKernel({ version: 1, name: 'test', connections: { main }, ports: { cache: { timeout: '1m', ...binding, ...keys } } }, { clock, log: silentLog, env: {} })
        t.teardown(() => kernel.close())
        return kernel.ports.cache
      }
      // A database without messages leaves the copies of other replicas to their time.
      await run(t, { clock, capabilities: ['tags'], open, ...(name === 'alone' && { replica: () => open() }) })
    })
  }
}

for (const { title, run } of cacheDriverContract) {
  test.serial(`driver: ${title}`, (t) => run(t, { clock: () => new VirtualClock(), capabilities: ['tags'], open: startSqlite }))
}
