import test from 'ava'
import fc from 'fast-check'
import type { Json } from '../../../../kernel/json.ts'
import { holds } from '../../../../kernel/ports/storage/evaluate.ts'
import type { Where } from '../../../../kernel/ports/storage/index.ts'
import { compareRecords } from '../../../../kernel/ports/storage/order.ts'
import type { Candidate } from '../../../../kernel/ports/storage/path.ts'
import { parseQuery } from '../../../../kernel/ports/storage/query.ts'
import { toProjection } from '../../../../kernel/ports/storage/record.ts'
import { fieldsOfView, queryOfView, viewsOf } from '../../../../kernel/ports/storage/views.ts'
import { document, where } from '../../../contract/storage-arbitrary.ts'

const keys = { collections: { all: {} }, views: { renamed: { from: 'all', select: { x: 'a', 'y.p': 'b', 'y.q.r': 'a.a', z: 'c', same: 'u' } } } }
const view = viewsOf(keys).get('renamed')

/** What the arbitrary's paths are called here, at the top and below a field. */
const names = new Map([['a', 'x'], ['b', 'y.p'], ['c', 'z'], ['u', 'same'], ['a.b', 'x.b'], ['a.a', 'y.q.r'], ['b.a.c', 'y.p.a.c'], ['a.a.a.a', 'y.q.r.a.a']])

function renamed(value: Json): Json {
  if (Array.isArray(value)) return value.map(renamed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.startsWith('$') ? name : names.get(name) ?? 'x.none', renamed(inner)]))
}

const asked = fc.record({ where: where.map((one) => renamed(one) as Where), orderBy: fc.subarray(['-x', 'y.p', 'y.q.r', '-z', 'same', '$id'], { maxLength: 3 }) })
const records = fc.array(document, { maxLength: 6 }).map((values) => values.map((value, index): Candidate => ({ id: `o${index}`, value, createdAtMs: index % 3, updatedAtMs: index })))

test('a query of a view answers what the query would of the values that the view tells', (t) => {
  if (!view) throw new Error('it is declared')
  const fields = fieldsOfView('test', view, undefined) ?? []

  fc.assert(fc.property(records, asked, (kept, query) => {
    const told = kept.map((one): Candidate => {
      const row = { id: one.id, text: '', version: 'v', createdAtMs: one.createdAtMs, updatedAtMs: one.updatedAtMs, expiresAtMs: null }
      return { ...one, value: toProjection(row, one.value, fields).value }
    })
    const translated = queryOfView('test', view, { view: view.name, ...query })
    const plain = parseQuery('test', query)

    const found = kept.filter((one) => holds(translated.filter, one)).sort(compareRecords(translated.orderBy))
    const expected = told.filter((one) => holds(plain.filter, one)).sort(compareRecords(plain.orderBy))
    t.deepEqual(found.map(({ id }) => id), expected.map(({ id }) => id))
  }), { numRuns: 500 })
})
