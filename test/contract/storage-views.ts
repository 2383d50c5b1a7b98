import { promise, type StorageCase, type StorageParts, unitPromise } from './storage-case.ts'

const collection = 'orders'
const view = 'open-orders'
const at = (id: string) => ({ collection, id })
const ids = (page: { readonly items: readonly { readonly id: string }[] }) => page.items.map((item) => item.id)
const values = (page: { readonly items: readonly { readonly value: unknown }[] }) => page.items.map((item) => item.value)

async function fill({ storage }: StorageParts): Promise<void> {
  await storage.put({ ...at('o1'), value: { status: 'open', number: 1, total: 5, customer: { name: 'Ann', address: { city: 'Oslo', zip: '0150' } }, kind: null, note: 'x' } })
  await storage.put({ ...at('o2'), value: { status: 'paid', number: 2, total: 7, customer: { name: 'Bob' } } })
  await storage.put({ ...at('o3'), value: { status: 'open', number: 3, total: 20, customer: 'unknown' } })
  await storage.put({ ...at('o4'), value: { status: 'open', number: 4, customer: { name: 'Dee', address: [{ city: 'Rome' }] } } })
}

/** The read side: views over the collections of `contractKeys`. */
export const viewCases: readonly StorageCase[] = [
  promise('a view tells the records that its where holds for, each value as it selects it', async (t, parts) => {
    await fill(parts)

    const page = await parts.storage.findView({ view })

    t.deepEqual(values(page), [
      { orderNo: 1, sum: 5, buyer: { name: 'Ann', place: { city: 'Oslo', zip: '0150' }, kind: null } },
      { orderNo: 3, sum: 20 },
      { orderNo: 4, buyer: { name: 'Dee', place: [{ city: 'Rome' }] } },
    ])
    const { value: _value, ...beside } = await parts.storage.get(at('o1'))
    t.like(page.items[0], beside)
    t.is(page.next, null)
  }),

  promise('a view without select tells whole values', async (t, parts) => {
    await fill(parts)
    t.deepEqual(ids(await parts.storage.findView({ view: 'cheap' })), ['o1', 'o2', 'o4'])
    t.deepEqual(values(await parts.storage.findView({ view: 'cheap', where: { 'customer.name': 'Bob' }, select: ['customer'] })), [{ customer: { name: 'Bob' } }])
  }),

  promise('a query of a view names its fields, and what stands below them', async (t, parts) => {
    await fill(parts)
    const { storage } = parts

    t.deepEqual(ids(await storage.findView({ view, where: { sum: { $gte: 5 } }, orderBy: ['-sum'] })), ['o3', 'o1'])
    t.deepEqual(ids(await storage.findView({ view, where: { 'buyer.place.city': 'Oslo' } })), ['o1'])
    t.deepEqual(ids(await storage.findView({ view, where: { $or: [{ orderNo: 2 }, { $not: { 'buyer.name': 'Ann' } }], $id: { $ne: 'o3' } } })), ['o4'])
    t.deepEqual(ids(await storage.findView({ view, orderBy: ['-$createdAt', 'orderNo'] })).toSorted(), ['o1', 'o3', 'o4'])
    t.deepEqual(values(await storage.findView({ view, where: { orderNo: 1 }, select: ['buyer'] })), [{ buyer: { name: 'Ann', place: { city: 'Oslo', zip: '0150' }, kind: null } }])
    t.deepEqual(values(await storage.findView({ view, where: { orderNo: 1 }, select: ['buyer.place.city', 'sum', 'sum'] })), [{ buyer: { place: { city: 'Oslo' } }, sum: 5 }])
  }),

  promise('a name that the view does not have is refused with its place, though its documents have it', async (t, { storage }) => {
    const places = async (input: object) => (await t.throwsAsync<Error & { errors: readonly { path: string }[] }>(storage.findView({ view, ...input }), { code: 'INPUT_INVALID' }))?.errors.map((error) => error.path)

    t.deepEqual(await places({ where: { sum: 1, status: 'paid' } }), ['/where/status'])
    t.deepEqual(await places({ where: { $and: [{ 'customer.name': 'Ann' }] } }), ['/where/$and/0/customer.name'])
    t.deepEqual(await places({ where: { buyer: { $exists: true } } }), ['/where/buyer'])
    t.deepEqual(await places({ orderBy: ['sum', '-total'] }), ['/orderBy/1'])
    t.deepEqual(await places({ select: ['sum', 'number'] }), ['/select/1'])
    t.deepEqual(await places({ select: ['$id'] }), ['/select/0'])
    t.deepEqual(await places({ where: { $sum: 1 } }), ['/where/$sum'])
    t.deepEqual(await places({ where: { 'sum.$x': 1 } }), ['/where/sum.$x'])
    await t.throwsAsync(storage.findView({ view: 'no-such' }), { code: 'STORAGE_VIEW_NOT_FOUND' })
    await t.throwsAsync(storage.findView({ view: collection }), { code: 'STORAGE_VIEW_NOT_FOUND' })
  }),

  promise('pages of a view follow one another, and a cursor is bound to view and query', async (t, { storage }) => {
    for (let n = 0; n < 5; n++) await storage.put({ ...at(`o${n}`), value: { status: n === 2 ? 'paid' : 'open', total: n % 3, number: n } })
    const query = { view, orderBy: ['sum'], limit: 3 }

    const first = await storage.findView(query)
    const second = await storage.findView({ ...query, after: first.next ?? '' })
    t.deepEqual([ids(first), ids(second), second.next], [['o0', 'o3', 'o1'], ['o4'], null])

    const bad = { code: 'STORAGE_BAD_CURSOR' }
    const after = first.next ?? ''
    await t.throwsAsync(storage.findView({ ...query, orderBy: ['-sum'], after }), bad)
    await t.throwsAsync(storage.findView({ ...query, where: { sum: { $gte: 0 } }, after }), bad)
    await t.throwsAsync(storage.find({ collection, orderBy: ['sum'], after }), bad)
    await t.throwsAsync(storage.find({ collection, orderBy: ['total'], after }), bad)
    const other = await storage.findView({ view: 'cheap', limit: 1 })
    await t.throwsAsync(storage.findView({ view, after: other.next ?? '' }), bad)
    await t.throwsAsync(storage.find({ collection, after: other.next ?? '' }), bad)
  }),

  unitPromise('a unit sees what it staged through a view, and what it saw must be unchanged at its commit', async (t, { storage, unit: open }) => {
    await storage.put({ ...at('o1'), value: { status: 'open', number: 1 } })
    const { unit, commit } = open()
    await storage.put({ ...at('o2'), value: { status: 'open', number: 2 } }, { unit })
    t.deepEqual(values(await storage.findView({ view, orderBy: ['orderNo'] }, { unit })), [{ orderNo: 1 }, { orderNo: 2 }])

    await storage.put({ ...at('o1'), value: { status: 'paid' } })

    await t.throwsAsync(commit(), { code: 'STORAGE_CONTENDED' })
  }),

  promise('the indexes of the collection serve a view, and its bound on rows holds', async (t, { storage }) => {
    for (let n = 0; n < 6; n++) await storage.insert({ collection: 'strict', value: { n } })
    await t.throwsAsync(storage.findView({ view: 'bounded', where: { number: 7 } }), { code: 'STORAGE_NEEDS_INDEX', message: /indexes: \[\[n\]\]/ })
  }),
]
