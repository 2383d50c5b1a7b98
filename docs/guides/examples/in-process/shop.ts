import { createKernel, isPorticoError } from 'portico'

const kernel = await createKernel(new URL('infra.config.yaml', import.meta.url).pathname)
const { storage, queue, cache } = kernel.ports

// Operations take their input, and answer plain data.
const order = await storage.insert({ collection: 'orders', value: { number: 7, status: 'open', total: 40 } })
console.log('stored', order.value)

// A failure has a code.
await storage.insert({ collection: 'orders', value: { number: 7 } }).catch((error: unknown) => {
  if (!isPorticoError(error)) throw error
  console.log(error.code, '|', error.message)
})

// Reads are noted, writes staged; the commit is one batch, and the callback runs again when another writer was first.
await storage.unit(async (unit) => {
  const found = await storage.get({ collection: 'orders', id: order.id }, { unit })
  await storage.put({ collection: 'orders', id: order.id, value: { ...found?.value, status: 'paid' } }, { unit })
  await queue.enqueue({ queue: 'emails', payload: { order: order.id } }, { unit })
})
console.log('jobs', (await queue.counts({ queue: 'emails' })).ready)

// The same by hand, committed once and without a retry.
const unit = kernel.unit()
await storage.patch({ collection: 'orders', id: order.id, patch: { status: 'sent' } }, { unit })
await queue.enqueue({ queue: 'emails', payload: { order: order.id, sent: true } }, { unit })
console.log('before the commit', (await storage.get({ collection: 'orders', id: order.id }))?.value)
await unit.commit()
console.log('after it', (await storage.get({ collection: 'orders', id: order.id }))?.value)

// One collection with the type of its values, and the read side, which has names of its own.
interface Order {
  readonly number: number
  readonly status: string
  readonly total?: number
}
const orders = storage.collection<Order>('orders')
const { items: costly } = await orders.find({ where: { total: { $gte: 10 } }, orderBy: ['-total'] })
console.log('costly', costly.map(({ value }) => value.number))
const { items: sent } = await storage.findView({ view: 'sent', where: { price: 40 } })
console.log('as the view tells it', sent[0]?.value)

// Aggregates: what a repository read, it saves only over the version that it read, and only in a unit of work.
class Basket {
  readonly number: number
  status: string

  constructor(number: number, status: string) {
    this.number = number
    this.status = status
  }

  close(): void {
    if (this.status !== 'sent') throw new Error('it was not sent')
    this.status = 'closed'
  }
}
const baskets = storage.repository<Basket, Order>('orders', {
  toValue: ({ number, status }) => ({ number, status }),
  fromValue: ({ number, status }) => new Basket(number, status),
})
const early = await baskets.get(order.id)
await storage.unit(async (unit) => {
  const basket = await baskets.get(order.id, { unit })
  basket.close()
  await baskets.save(basket, { unit })
})
console.log('closed', (await orders.get({ id: order.id })).value)
await storage.unit((unit) => baskets.save(early, { unit })).catch((error: unknown) => {
  if (!isPorticoError(error)) throw error
  console.log(error.code)
})

// A worker: each lease has a token, and an ack with a lost one is refused.
const { items } = await queue.lease({ queue: 'emails', max: 10 })
for (const { token, job } of items) {
  await queue.ack({ queue: 'emails', token })
  console.log('done', job.attempt, 'attempt')
}

// One load for all who miss at the same time.
let loads = 0
const load = async () => {
  loads += 1
  return (await storage.count({ collection: 'orders' })).count
}
const counts = await Promise.all([1, 2, 3].map(() => cache.remember('orders:count', load, { ttlMs: 60_000 })))
console.log('counted', counts, 'with', loads, 'load')

// What a call may say beside its input: a deadline, a signal, who is told when the answer is degraded.
const none = await cache.get({ key: 'nobody' }, { timeoutMs: 50, onDegraded: () => { console.log('the cache is down') } })
console.log('a miss is', none)

// The same objects under their names, for an application that is wired by Awilix.
console.log('container', Object.keys(kernel.container.registrations), kernel.container.resolve('storage') === storage)

await kernel.close()
