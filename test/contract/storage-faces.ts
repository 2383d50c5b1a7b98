import { promise, type StorageCase, type StorageParts, unitPromise } from './storage-case.ts'

interface Order {
  readonly status: string
  readonly number?: number
  readonly total?: number
}

/** An aggregate with rules of its own, kept as an `Order`. */
class Basket {
  status: string
  total: number

  constructor(status: string, total: number) {
    this.status = status
    this.total = total
  }

  pay(amount: number): void {
    this.total -= amount
    if (this.total === 0) this.status = 'paid'
  }
}

const conflict = { code: 'STORAGE_VERSION_CONFLICT' }

function baskets({ storage }: Pick<StorageParts, 'storage'>) {
  return storage.repository<Basket, Order>('orders', {
    toValue: ({ status, total }) => ({ status, total }),
    fromValue: ({ status, total }) => new Basket(status, total ?? 0),
  })
}

async function stored(parts: StorageParts, id: string): Promise<unknown> {
  return (await parts.storage.get({ collection: 'orders', id })).value
}

/** `collection`, `view` and `repository`: what the operations are in process. */
export const faceCases: readonly StorageCase[] = [
  promise('a collection\'s face is its operations, with the collection said once', async (t, { storage, unit: open }) => {
    const orders = storage.collection<Order>('orders')
    const added = await orders.insert({ id: 'o1', value: { status: 'open', total: 5 } })
    t.deepEqual(await orders.get({ id: 'o1' }), added)
    t.is((await orders.patch({ id: 'o1', patch: { total: null }, ifVersion: added.version })).value.total, undefined)
    await t.throwsAsync(orders.put({ id: 'o1', value: { status: 'paid' }, ifVersion: added.version }), conflict)
    t.deepEqual((await orders.getMany({ ids: ['o1', 'none'] })).items.map((item) => item?.value.status), ['open', undefined])

    const { unit, commit } = open()
    t.true((await orders.put({ id: 'o2', value: { status: 'paid' } }, { unit })).created)
    t.deepEqual(await orders.count(), { count: 1 })
    await commit()
    t.deepEqual((await orders.find({ where: { status: { $in: ['open', 'paid'] } }, orderBy: ['-status'], select: ['status'] })).items.map(({ value }) => value), [{ status: 'paid' }, { status: 'open' }])
    t.deepEqual(await orders.count({ where: { status: 'paid' } }), { count: 1 })
    t.deepEqual(await orders.delete({ id: 'o2' }), { id: 'o2' })
    await t.throwsAsync(orders.get({ id: '_bad' }), { code: 'INPUT_INVALID' })
    await t.throwsAsync(storage.collection('nowhere').get({ id: 'o1' }), { code: 'STORAGE_COLLECTION_NOT_FOUND' })

    t.deepEqual((await storage.view<{ readonly orderNo?: number }>('open-orders').find({ orderBy: ['orderNo'] })).items.map(({ id }) => id), ['o1'])
    await t.throwsAsync(storage.view('nowhere').find(), { code: 'STORAGE_VIEW_NOT_FOUND' })
  }),

  unitPromise('an aggregate is added, read, saved and removed in units of work', async (t, parts) => {
    const { storage } = parts
    const repository = baskets(parts)

    const id = await storage.unit((unit) => repository.add(new Basket('open', 10), { unit }))
    await storage.unit(async (unit) => {
      const basket = await repository.get(id, { unit })
      basket.pay(4)
      await repository.save(basket, { unit })
      basket.pay(6)
      await repository.save(basket, { unit })
    })
    t.deepEqual(await stored(parts, id), { status: 'paid', total: 0 })

    const { items } = await repository.find({ where: { status: 'paid' } })
    t.true(items[0] instanceof Basket)
    await storage.unit(async (unit) => {
      for (const basket of items) await repository.remove(basket, { unit })
    })
    await t.throwsAsync(repository.get(id), { code: 'STORAGE_NOT_FOUND' })
  }),

  promise('no repository writes without a unit of work', async (t, parts) => {
    const repository = baskets(parts)
    const basket = new Basket('open', 1)
    const none = {} as Parameters<typeof repository.add>[1]

    for (const write of [repository.add(basket, none), repository.save(basket, none), repository.remove(basket, none)]) await t.throwsAsync(write, { code: 'STORAGE_UNIT_REQUIRED' })
    t.deepEqual(await parts.storage.count({ collection: 'orders' }), { count: 0 })
  }),

  promise('a stale aggregate is not saved, whether it was read in the unit or before it', async (t, parts) => {
    const { storage, unit: open } = parts
    const repository = baskets(parts)
    const id = await storage.unit((unit) => repository.add(new Basket('open', 10), { unit }))
    const early = await repository.get(id)
    await storage.put({ collection: 'orders', id, value: { status: 'open', total: 8 } })

    await t.throwsAsync(storage.unit((unit) => repository.save(early, { unit })), conflict)
    await t.throwsAsync(storage.unit((unit) => repository.remove(early, { unit })), conflict)
    const { unit, commit } = open()
    const seen = await repository.get(id, { unit })
    await repository.save(seen, { unit })
    await storage.put({ collection: 'orders', id, value: { status: 'open', total: 7 } })
    await t.throwsAsync(commit(), { code: 'STORAGE_CONTENDED' })
    t.deepEqual(await stored(parts, id), { status: 'open', total: 7 })

    await storage.delete({ collection: 'orders', id })
    await t.throwsAsync(storage.unit((later) => repository.save(seen, { unit: later })), conflict)
  }),

  promise('an aggregate read in its unit loses no update: twenty payments of one are twenty', async (t, parts) => {
    const repository = baskets(parts)
    const id = await parts.storage.unit((unit) => repository.add(new Basket('open', 20), { unit }))
    await Promise.all(Array.from({ length: 20 }, () => parts.storage.unit(async (unit) => {
      const basket = await repository.get(id, { unit })
      basket.pay(1)
      await repository.save(basket, { unit })
    })))
    t.deepEqual(await stored(parts, id), { status: 'paid', total: 0 })
  }),

  unitPromise('what a unit staged counts in that unit, and for all once it is committed', async (t, parts) => {
    const { unit: open } = parts
    const repository = baskets(parts)
    const basket = new Basket('open', 10)
    const first = open()
    const id = await repository.add(basket, { unit: first.unit, id: 'b1' })
    await repository.save(basket, { unit: first.unit })
    t.is(repository.origin(basket), undefined)
    await t.throwsAsync(repository.save(basket, { unit: open().unit }), { code: 'STORAGE_AGGREGATE_UNKNOWN' })
    await first.commit()
    t.is(repository.origin(basket)?.version, (await parts.storage.get({ collection: 'orders', id })).version)

    // A unit that is given up leaves the aggregate at what is stored.
    basket.pay(3)
    await repository.save(basket, { unit: open().unit })
    const second = open()
    await repository.save(basket, { unit: second.unit })
    await second.commit()
    t.deepEqual(await stored(parts, id), { status: 'open', total: 7 })

    const third = open()
    await repository.remove(basket, { unit: third.unit })
    await t.throwsAsync(repository.save(basket, { unit: third.unit }), conflict)
    await third.commit()
    t.is(repository.origin(basket), undefined)
  }),

  promise('an aggregate that came another way says which record and version it was made from', async (t, parts) => {
    const { storage } = parts
    const repository = baskets(parts)
    const { version } = await storage.put({ collection: 'orders', id: 'o1', value: { status: 'open', total: 2 } })
    const sent = new Basket('open', 1)

    await t.throwsAsync(storage.unit((unit) => repository.save(sent, { unit })), { code: 'STORAGE_AGGREGATE_UNKNOWN' })
    await t.throwsAsync(storage.unit((unit) => repository.save(sent, { unit, id: 'o1' })), { code: 'STORAGE_AGGREGATE_UNKNOWN' })
    await storage.unit((unit) => repository.save(sent, { unit, id: 'o1', ifVersion: version }))
    await t.throwsAsync(storage.unit((unit) => repository.save(new Basket('open', 5), { unit, id: 'o1', ifVersion: version })), conflict)
    t.deepEqual(await stored(parts, 'o1'), { status: 'open', total: 1 })
  }),
]
