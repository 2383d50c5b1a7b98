/** As a manifest writes them: what the cases of the contract work on. */
const contractCollections = {
  orders: { indexes: [['status', '-total']], unique: [['number']] },
  strict: { schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }, maxSize: '1KiB', maxDepth: 3, scanLimit: 5 },
} as const

const contractViews = {
  'open-orders': {
    from: 'orders', where: { status: 'open' },
    select: { orderNo: 'number', sum: 'total', 'buyer.name': 'customer.name', 'buyer.place': 'customer.address', 'buyer.kind': 'kind' },
  },
  cheap: { from: 'orders', where: { $or: [{ total: { $lt: 10 } }, { total: { $exists: false } }] } },
  bounded: { from: 'strict', where: { n: { $gte: 0 } }, select: { number: 'n' } },
} as const

/** What a binding needs to run `storageContract`. */
export const contractKeys = { collections: contractCollections, views: contractViews } as const

/** What the properties are tried on: no index, all kinds of indexes, and what is unique. */
export const oracleCollections: Readonly<Record<string, { readonly indexes?: readonly (readonly string[])[]; readonly unique?: readonly (readonly string[])[] }>> = {
  plain: {},
  indexed: { indexes: [['a'], ['-a', 'b'], ['b', '-a.b'], ['-c'], ['A', 'a'], ['a', 'b', 'c', 'u'], ['-$createdAt'], ['constructor', '-a'], ['a.a.a.a', 'u']] },
  unique: { indexes: [['u', '-a'], ['-b'], ['$updatedAt', 'a']], unique: [['u'], ['a', '-b']] },
}
