/** The document that every case reads: as small as an order is. */
export const value = { number: 4711, status: 'paid', customer: { name: 'Ada', country: 'GB' }, lines: [{ sku: 'a-1', count: 2, price: 12.5 }] }
