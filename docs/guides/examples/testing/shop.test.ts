import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { testKernel } from 'portico/testing'
import { checkOut } from './shop.ts'

/** The shop's own manifest, on nothing but this machine. */
async function openShop(t: ExecutionContext) {
  const shop = await testKernel(join(import.meta.dirname, 'infra.config.yaml'))
  t.teardown(shop.close)
  return shop
}

test('an order and its email come together, and the cart is gone', async (t) => {
  const { ports } = await openShop(t)
  await ports.storage.put({ collection: 'carts', id: 'c1', value: { total: 40 } })

  const order = await checkOut(ports, 'c1', 7)

  t.like(await ports.storage.get({ collection: 'orders', id: order }), { value: { number: 7, status: 'open', total: 40 } })
  t.deepEqual(await ports.storage.count({ collection: 'carts' }), { count: 0 })
  t.is((await ports.queue.counts({ queue: 'emails' })).ready, 1)
})

test('where the number is taken, nothing happens', async (t) => {
  const { ports } = await openShop(t)
  for (const id of ['c1', 'c2']) await ports.storage.put({ collection: 'carts', id, value: {} })
  await checkOut(ports, 'c1', 7)

  await t.throwsAsync(checkOut(ports, 'c2', 7), { code: 'STORAGE_NOT_UNIQUE' })

  t.truthy(await ports.storage.get({ collection: 'carts', id: 'c2' }))
  t.is((await ports.queue.counts({ queue: 'emails' })).ready, 1)
})

test('a cart of yesterday is gone, and an email whose worker died is leased again', async (t) => {
  const { ports, clock } = await openShop(t)
  await ports.storage.put({ collection: 'carts', id: 'old', value: {}, ttlMs: 86_400_000 })
  await ports.queue.enqueue({ queue: 'emails', payload: 1 })
  await ports.queue.lease({ queue: 'emails' })

  await clock.advance(86_400_000)

  await t.throwsAsync(ports.storage.get({ collection: 'carts', id: 'old' }), { code: 'STORAGE_NOT_FOUND' })
  t.is((await ports.queue.lease({ queue: 'emails' })).items.length, 1)
})
