import test from 'ava'
import { cacheContract } from '../../contract/cache.ts'
import { cacheDriverContract } from '../../contract/cache-driver.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { testDatabase } from '../../contract/test-database.ts'
import { inProcess } from '../cache-contract.ts'
import { startSqlite } from './start.ts'

const near = { use: 'lru', with: { maxSize: '1MiB' } }
const tiered = (maxStale: string) => ({ use: 'tiered', with: { levels: [near, { on: 'main' }], maxStale } })
const bindings = { 'alone': { on: 'main' }, 'tiered, copies that stay': tiered('1h'), 'tiered, copies that are gone at once': tiered('1ms') }

for (const [name, binding] of Object.entries(bindings)) {
  for (const { title, run } of cacheContract) {
    test.serial(`${name}: ${title}`, async (t) => {
      const database = await testDatabase('sqlite:')
      t.teardown(() => database.drop())
      // The cases let virtual time run on turn by turn: writes are answered within a turn, and never late.
      const main = { ...database.connection, with: { ...database.connection.with, writer: 'main' } }
      const harness = inProcess(t, { connections: { main }, ports: { cache: { timeout: '1m', ...binding } } })
      // A database without messages leaves the copies of other replicas to their time.
      await run(t, { ...harness, ...(name === 'alone' && { replica: () => harness.open() }) })
    })
  }
}

for (const { title, run } of cacheDriverContract) {
  test.serial(`driver: ${title}`, (t) => run(t, { clock: () => new VirtualClock(), capabilities: ['tags'], open: startSqlite }))
}
