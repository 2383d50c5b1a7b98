/**
 * What must not compile of typed collections, views and repositories. Compiled by `npm run typecheck`, which fails when
 * an expected error is missing; nothing here runs.
 */
import type { JsonObject, Unit } from '../../kernel/plugin.ts'
import type { StorageOf } from '../../kernel/ports/storage/index.ts'

interface Order {
  readonly number: number
  readonly status: 'open' | 'paid'
  readonly customer?: { readonly name: string; readonly address?: { readonly city: string } | null }
  readonly lines: readonly { readonly sku: string }[]
  readonly extra?: unknown
}
interface Documents {
  readonly collections: { readonly orders: Order; readonly notes: JsonObject }
  readonly views: { readonly 'open-orders': { readonly orderNo?: number } }
}
declare const storage: StorageOf<Documents>
declare const untyped: StorageOf
declare const unit: Unit

const orders = storage.collection('orders')
const value: Order = { number: 1, status: 'open', lines: [] }
const record = await orders.insert({ value })
export const status: 'open' | 'paid' = record.value.status
void orders.put({ id: 'o1', value, ifVersion: record.version })
void orders.patch({ id: 'o1', patch: { customer: { address: null } } })
void orders.find({ where: { 'customer.address.city': 'Oslo', $createdAt: { $gte: '' }, $or: [{ number: { $in: [1] } }] }, orderBy: ['-number', '$id'] })
void orders.find({ where: { 'extra.anything': 1 }, select: ['customer.name', 'lines'] }, { unit })
const { items } = await orders.find({ select: ['status'] })
export const part: 'open' | 'paid' | undefined = items[0]?.value.status
void untyped.collection<Order>('orders').count({ where: { status: 'paid' } })
void untyped.collection('orders').find({ where: { 'any.path': 1 }, orderBy: ['-any'] })
void storage.view('open-orders').find({ where: { orderNo: 1 } })

// @ts-expect-error a collection that is not declared
storage.collection('ordres')
// @ts-expect-error the value lacks fields
void orders.insert({ value: { number: 1 } })
// @ts-expect-error a status that there is not
void orders.put({ id: 'o1', value: { ...value, status: 'lost' } })
// @ts-expect-error the collection is said already
void orders.get({ collection: 'orders', id: 'o1' })
// @ts-expect-error a field that there is not
void orders.patch({ id: 'o1', patch: { statsu: 'paid' } })
// @ts-expect-error a path that there is not
void orders.find({ where: { 'customer.nmae': 'Ann' } })
// @ts-expect-error an operator that there is not
void orders.find({ where: { number: { $near: 1 } } })
// @ts-expect-error no path goes into an array
void orders.find({ orderBy: ['lines.sku'] })
// @ts-expect-error what was not selected may be missing
export const whole: number = items[0]?.value.number
// @ts-expect-error a name of the collection, not of the view
void storage.view('open-orders').find({ where: { number: 1 } })
// @ts-expect-error nothing writes through a view
void storage.view('open-orders').insert

class Basket {
  readonly total: number
  constructor(total: number) { this.total = total }
}
const repository = storage.repository('orders', {
  toValue: (basket: Basket) => ({ number: basket.total, status: 'open' as const, lines: [] }),
  fromValue: (kept) => new Basket(kept.number),
})
const basket: Basket = await repository.get('o1')
void repository.get('o1', { unit })
void repository.find({ where: { status: 'open' } })
void repository.add(basket, { unit, id: 'o1' })
void repository.save(basket, { unit, id: 'o1', ifVersion: 'v' })
void untyped.repository<Basket, Order>('baskets', { toValue: () => value, fromValue: ({ number }) => new Basket(number) })
void untyped.repository<Basket>('baskets', { toValue: ({ total }) => ({ total }), fromValue: (kept) => new Basket(Number(kept.total)) })

// @ts-expect-error a write without a unit
void repository.add(basket)
// @ts-expect-error a write without a unit
void repository.save(basket, {})
// @ts-expect-error a write without a unit
void repository.remove(basket, { timeoutMs: 5 })
// @ts-expect-error not the aggregate
void repository.save('o1', { unit })
// @ts-expect-error not a value of the collection
storage.repository('orders', { toValue: (given: Basket) => ({ sum: given.total }), fromValue: () => new Basket(1) })
// @ts-expect-error a repository reads whole documents
void repository.find({ select: ['status'] })
