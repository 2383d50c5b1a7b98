import { join } from 'node:path'
import test from 'ava'
import { testDatabase, testKernel } from 'portico/testing'
import { checkOut } from './shop.ts'

/** A server where there is one, and a file elsewhere. */
const server = process.env['TEST_DATABASE_URL'] ?? 'sqlite:'

for (const number of [1, 2, 3]) {
  test(`a cart is checked out once, beside others that do the same: ${number}`, async (t) => {
    const database = await testDatabase(server)
    t.teardown(() => database.drop())
    const { ports, close } = await testKernel(join(import.meta.dirname, 'infra.config.yaml'), { database })
    t.teardown(close)
    await ports.storage.put({ collection: 'carts', id: 'c1', value: {} })

    const outcomes = await Promise.allSettled([7, 8, 9].map((number) => checkOut(ports, 'c1', number)))

    t.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
    t.deepEqual(await ports.storage.count({ collection: 'orders' }), { count: 1 })
  })
}
