import { testDatabase } from '../contract/test-database.ts'
import { testKernel } from '../contract/test-kernel.ts'
import { testWith } from './server.ts'

const manifest = {
  version: 1, name: 'shop',
  connections: { main: { use: 'sqlite', with: { file: 'data/shop.db' } } },
  ports: { storage: { on: 'main', collections: { orders: { unique: [['number']] } } } },
}
const record = { collection: 'orders', id: 'o1' }

for (const server of ['POSTGRES', 'MARIADB', 'MONGODB'] as const) {
  testWith([server], 'two test databases share nothing, and what was dropped is empty when it is opened again', async (t, url) => {
    const [one, other] = await Promise.all([testDatabase(url), testDatabase(url)])
    t.teardown(() => other.drop())
    const [first, second] = await Promise.all([testKernel(manifest, { database: one }), testKernel(manifest, { database: other })])
    t.teardown(second.close)

    await first.ports.storage.put({ ...record, value: { number: 1 } })
    await second.ports.storage.put({ ...record, value: { number: 1 } })
    await first.close()
    await one.drop()
    await one.drop()

    t.like(await second.ports.storage.get(record), { value: { number: 1 } })
    await t.throwsAsync(testKernel(manifest, { database: one }).then(async ({ ports, close }) => {
      // MongoDB makes a database at its first use.
      t.teardown(() => one.drop())
      t.teardown(close)
      return ports.storage.get(record)
    }), { code: server === 'MONGODB' ? 'STORAGE_NOT_FOUND' : 'DATABASE_FAILED' })
  })
}
