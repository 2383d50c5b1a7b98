import test from 'ava'
import type { JsonObject } from '../../../../kernel/json.ts'
import type { PorticoError } from '../../../../kernel/errors.ts'
import { type Collection, collectionsOf, type Where } from '../../../../kernel/ports/storage/index.ts'
import { readCursor, writeCursor } from '../../../../kernel/ports/storage/cursor.ts'
import { holds } from '../../../../kernel/ports/storage/evaluate.ts'
import { orderKey } from '../../../../kernel/ports/storage/keys.ts'
import { mergePatch } from '../../../../kernel/ports/storage/merge-patch.ts'
import { indexToDeclare, planQuery } from '../../../../kernel/ports/storage/plan-query.ts'
import { parseQuery } from '../../../../kernel/ports/storage/query.ts'
import { storageKeysSchema } from '../../../../kernel/ports/storage/collections.ts'
import { schemaCheck } from '../../../../kernel/ports/schema-check.ts'

function meets(where: Where, value: JsonObject): boolean {
  return holds(parseQuery('test', { where }).filter, { id: 'o1', value, createdAtMs: Date.UTC(2026, 0, 1), updatedAtMs: 0 })
}

for (const [where, value, expected] of [
  [{ a: null }, {}, false],
  [{ a: null }, { a: null }, true],
  [{ a: { $exists: false } }, {}, true],
  [{ a: { $exists: false } }, { a: null }, false],
  [{ a: { $ne: 1 } }, {}, true],
  [{ a: { $nin: [] } }, {}, true],
  [{ a: { $in: [] } }, { a: 1 }, false],
  [{ a: { $lt: 1 } }, {}, false],
  [{ a: { $lt: '1' } }, { a: 0 }, false],
  [{ a: 1 }, { a: '1' }, false],
  [{ a: { $gt: false } }, { a: true }, true],
  [{ a: { $gte: null } }, { a: null }, true],
  [{ a: 0 }, { a: -0 }, true],
  [{ a: { $gt: '\u{ffff}' } }, { a: '\u{10000}' }, true],
  [{ a: { $prefix: '' } }, { a: '' }, true],
  [{ a: { $prefix: 'A' } }, { a: 'ab' }, false],
  [{ a: { $contains: 'b' } }, { a: 'abc' }, true],
  [{ a: { $contains: 1 } }, { a: [[1], 1] }, true],
  [{ a: { $contains: 1 } }, { a: '1' }, false],
  [{ 'a.b': 1 }, { a: { b: 1 } }, true],
  [{ 'a.b': 1 }, { 'a.b': 1 }, false],
  [{ 'a.0': 1 }, { a: [1] }, false],
  [{ constructor: { $exists: true } }, {}, false],
  [{ $not: { a: { $gt: 1 } } }, {}, true],
  [{ $or: [{ a: 1 }, { b: 1 }] }, { b: 1 }, true],
  [{ $createdAt: { $gte: '2026-01-01T00:00:00.000Z' } }, {}, true],
] as const satisfies readonly (readonly [Where, JsonObject, boolean])[]) {
  test(`${JSON.stringify(where)} ${expected ? 'holds' : 'does not hold'} for ${JSON.stringify(value)}`, (t) => {
    t.is(meets(where, value), expected)
  })
}

const declared = { indexes: [['status', '-$createdAt'], ['total'], ['status', 'city', 'total']], unique: [['number']] }
const orders = collectionsOf({ collections: { orders: declared } }).get('orders')

for (const [query, expected] of [
  [{}, 'id sorted exact'],
  [{ where: { status: 'paid' }, orderBy: ['-$createdAt'] }, 'status,-$createdAt sorted exact'],
  [{ where: { status: 'paid' }, orderBy: ['$createdAt'] }, 'status,-$createdAt reverse sorted exact'],
  [{ where: { status: { $in: ['a', 'b'] } }, orderBy: ['status', '-$createdAt'] }, 'status,-$createdAt sorted exact'],
  [{ where: { status: 'paid', city: { $in: ['a', 'b'] }, total: { $gt: 5 } }, orderBy: ['total'] }, 'status,city,total exact'],
  [{ where: { total: { $gte: 1, $lt: 5 }, note: 'x' }, orderBy: ['total'] }, 'total sorted'],
  [{ where: { number: 5 } }, 'number sorted exact'],
  [{ where: { number: { $gt: 5 } } }, 'id sorted'],
  [{ where: { $id: { $in: ['a', 'b'] } } }, 'ids sorted'],
  [{ orderBy: ['-total'] }, 'total reverse sorted exact'],
  [{ orderBy: ['note'] }, 'id'],
] as const) {
  test(`${JSON.stringify(query)} is served by ${expected}`, (t) => {
    if (!orders) throw new Error('it is declared')
    const plan = planQuery(parseQuery('test', query), orders)
    const by = plan.by === 'index' ? plan.index.paths.map((path) => (path.descending ? `-${path.name}` : path.name)).join(',') : plan.by
    const reverse = 'reverse' in plan && plan.reverse
    t.is([by, reverse && 'reverse', plan.sorted && 'sorted', plan.exact && 'exact'].filter(Boolean).join(' '), expected)
  })
}

test('the index to declare has equal values first, then the order', (t) => {
  t.is(indexToDeclare(parseQuery('test', { where: { a: 1, b: { $gt: 1 } }, orderBy: ['-c'] })), '[a, -c]')
  t.is(indexToDeclare(parseQuery('test', { where: { b: { $gt: 1 } } })), '[b]')
})

test('a cursor gives back the position, and an altered one is refused', (t) => {
  const input = { collection: 'orders', orderBy: ['-a', 'b'] }
  const { orderBy } = parseQuery('test', input)
  const key = orderKey(orderBy, { id: 'é', value: { a: 'x', b: 1.5 }, createdAtMs: 0, updatedAtMs: 0 }, () => { throw new Error('too long') })
  const cursor = writeCursor(input, key)

  t.like(readCursor({ ...input, after: cursor }, orderBy), { id: 'é' })
  for (let at = 0; at < cursor.length; at++) {
    const altered = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1)
    t.throws(() => readCursor({ ...input, after: altered }, orderBy), { code: 'STORAGE_BAD_CURSOR' })
  }
})

// The cases of RFC 7386, appendix A, whose documents are objects.
for (const [target, patch, merged] of [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }], [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }], [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }], [{ a: ['b'] }, { a: 'c' }, { a: 'c' }], [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }], [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
] as const) {
  test(`${JSON.stringify(target)} patched with ${JSON.stringify(patch)}`, (t) => {
    t.deepEqual<unknown, unknown>(mergePatch(target, patch), merged)
  })
}

test('the manifest admits the paths that a document can have', (t) => {
  const check = schemaCheck(storageKeysSchema)
  const of = (path: string) => check({ collections: { c: { indexes: [[path]] } } }).length === 0
  for (const path of ['a', '-a.b', '$createdAt', '-$id', 'a$', '_bsontypes']) t.true(of(path), path)
  for (const path of ['$foo', 'a.$b', '__proto__', 'a._bsontype', '']) t.false(of(path), path)
})

test('a query has at most 1,000 conditions, however they are written', (t) => {
  const many = (one: JsonObject) => Array.from({ length: 1_001 }, () => one)
  for (const where of [{ $or: many({ a: 1 }) }, { $and: many({ a: { $exists: true } }) }, { $not: { $or: many({}) } }, { $or: many({ $not: {} }) }, { $and: [{ $or: many({ $and: [{}] }) }] }]) {
    const error = t.throws<PorticoError>(() => parseQuery('test', { where }))
    t.is(error.code, 'INPUT_INVALID')
    t.regex(error.errors[0]?.message ?? '', /1000/)
  }
  t.notThrows(() => parseQuery('test', { where: { $or: many({ a: 1 }).slice(1) } }))
})

test('an operand that no key can hold takes no memory in a plan, and changes no answer', (t) => {
  const long = 'x'.repeat(100_000)
  const collection = collectionsOf({ collections: { orders: { indexes: [['status', 'city']] } } }).get('orders') as Collection
  const manyTexts = Array.from({ length: 900 }, (_, index) => `s${index}`)
  const bytesOf = (where: Where) => {
    const plan = planQuery(parseQuery('test', { where }), collection)
    return plan.by === 'index' ? plan.spans.reduce((sum, { from, to }) => sum + from.length + to.length, 0) : 0
  }

  t.true(bytesOf({ status: { $in: [...manyTexts, long] }, city: { $in: [long] } }) < 100_000)
  for (const operator of ['$gt', '$gte', '$lt', '$lte', '$prefix']) {
    t.true(bytesOf({ status: { $in: manyTexts }, city: { [operator]: long } }) < 100_000)
    const plan = planQuery(parseQuery('test', { where: { status: { [operator]: long } } }), collection)
    t.true(plan.by === 'index' && !plan.exact, 'the evaluator decides what the span cannot')
  }
})

test('a prefix of an id may be as long as a body', (t) => {
  const plan = planQuery(parseQuery('test', { where: { $id: { $prefix: '\u{ffff}x'.repeat(300_000) } } }), collectionsOf({ collections: { orders: {} } }).get('orders') as Collection)

  t.is(plan.by, 'id')
})
