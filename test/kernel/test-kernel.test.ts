import test from 'ava'
import { testKernel } from '../contract/test-kernel.ts'

const manifest = {
  version: 1, name: 'shop',
  connections: { main: { use: 'postgres', with: { url: '${secret:database-url}', maxConnections: 20 } } },
  ports: {
    storage: { on: 'main', collections: { orders: { unique: [['number']] } } },
    'storage.reports': { on: { use: 'mongodb', with: { url: 'mongodb://reports.example.com/shop' } }, collections: { daily: {} } },
    queue: { on: 'main', queues: { emails: {} } },
  },
}

test('a manifest of servers starts without them, with its collections, queues and units', async (t) => {
  const { ports, close } = await testKernel(manifest)
  t.teardown(close)

  const { results } = await ports.storage.write({ operations: [{ insert: { collection: 'orders', id: 'o1', value: { number: 1 } } }, { enqueue: { queue: 'emails', payload: { order: 'o1' } } }] })
  t.is(results.length, 2)
  await t.throwsAsync(ports.storage.insert({ collection: 'orders', value: { number: 1 } }), { code: 'STORAGE_NOT_UNIQUE' })
  t.is((await ports['storage.reports']?.insert({ collection: 'daily', id: 'd1', value: {} }))?.id, 'd1')
})

test('time stands still until the test moves it', async (t) => {
  const { ports, clock, close } = await testKernel(manifest)
  t.teardown(close)
  await ports.storage.put({ collection: 'orders', id: 'o1', value: {}, ttlMs: 3_600_000 })

  await clock.advance(3_599_999)
  t.is((await ports.storage.get({ collection: 'orders', id: 'o1' })).id, 'o1')
  await clock.advance(1)
  await t.throwsAsync(ports.storage.get({ collection: 'orders', id: 'o1' }), { code: 'STORAGE_NOT_FOUND' })
})

test('two of one manifest share nothing', async (t) => {
  const [one, other] = [await testKernel(manifest), await testKernel(manifest)]
  t.teardown(() => Promise.all([one.close(), other.close()]))
  await one.ports.storage.put({ collection: 'orders', id: 'o1', value: {} })

  t.deepEqual(await other.ports.storage.count({ collection: 'orders' }), { count: 0 })
})

test('what is wrong with a manifest is told as a start tells it', async (t) => {
  await t.throwsAsync(testKernel({ ...manifest, ports: { storage: { on: 'man' } } }), { code: 'MANIFEST_INVALID' })
})
