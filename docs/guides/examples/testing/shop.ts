import type { Bound } from 'portico'

/** Turns a cart into an order and tells the customer, both or neither. */
export async function checkOut({ storage, queue }: Pick<Bound, 'storage' | 'queue'>, cart: string, number: number): Promise<string> {
  return storage.unit(async (unit) => {
    const { value } = await storage.get({ collection: 'carts', id: cart }, { unit })
    const order = await storage.insert({ collection: 'orders', value: { ...value, number, status: 'open' } }, { unit })
    await storage.delete({ collection: 'carts', id: cart }, { unit })
    await queue.enqueue({ queue: 'emails', payload: { order: order.id } }, { unit })
    return order.id
  })
}
