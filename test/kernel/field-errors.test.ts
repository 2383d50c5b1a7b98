import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { fieldCheck } from '../../kernel/field-errors.ts'

const schema = { type: 'object', properties: { list: { type: 'array', maxItems: 3, items: { type: 'string' } } }, additionalProperties: false }
const check = fieldCheck(({ allErrors }) => new Ajv2020({ allErrors, strict: false }).compile(schema))

test('everything that is wrong is named', (t) => {
  t.deepEqual(check({ list: ['a', 1], other: 1 }), [{ path: '/other', message: 'unknown field' }, { path: '/list/1', message: 'must be string' }])
  t.deepEqual(check({ list: ['a'] }), [])
})

test('of a large value the first thing is named, and its elements are not judged', (t) => {
  t.deepEqual(check({ list: Array.from({ length: 100_000 }, () => 1) }), [{ path: '/list', message: 'must NOT have more than 3 items' }])
  t.is(check(Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]))).length, 1)
})

test('a value that stands in itself is judged too', (t) => {
  const knot: Record<string, unknown> = {}
  knot.knot = knot

  t.deepEqual(check(knot), [{ path: '/knot', message: 'unknown field' }])
})
