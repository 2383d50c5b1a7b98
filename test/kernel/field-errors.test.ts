import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { fieldCheck } from '../../kernel/field-errors.ts'

const schema = { type: 'object', properties: { list: { type: 'array', maxItems: 3, items: { type: 'string' } } }, additionalProperties: false }
const check = fieldCheck(({ allErrors }) => new Ajv2020({ allErrors, strict: false }).compile(schema))

test('everything that is wrong is named', (t) => {
  t.deepEqual(check({ list: ['a', 1], other: 1 }), [{ path: '/other', message: 'unknown field' }, { path: '/list/1', message: 'must be a text' }])
  t.deepEqual(check({ list: ['a'] }), [])
})

test('of a large value the first thing is named, and its elements are not judged', (t) => {
  t.deepEqual(check({ list: Array.from({ length: 100_000 }, () => 1) }), [{ path: '/list', message: 'must have at most 3 items' }])
  t.is(check(Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]))).length, 1)
})

test('a value that stands in itself is judged too', (t) => {
  const knot: Record<string, unknown> = {}
  knot.knot = knot

  t.deepEqual(check(knot), [{ path: '/knot', message: 'unknown field' }])
})

test('a limit is told as what is wanted', (t) => {
  const told = (schema: object, value: unknown) => fieldCheck(({ allErrors }) => new Ajv2020({ allErrors, strict: false }).compile(schema))(value).map(({ message }) => message)
  const cases: readonly (readonly [object, unknown, string])[] = [
    [{ minProperties: 1 }, {}, 'must have at least 1 field'],
    [{ maxProperties: 1 }, { a: 1, b: 2 }, 'must have at most 1 field'],
    [{ minLength: 1 }, '', 'must not be empty'],
    [{ minLength: 2 }, 'a', 'must have at least 2 characters'],
    [{ maxLength: 1 }, 'ab', 'must have at most 1 character'],
    [{ minItems: 1 }, [], 'must not be empty'],
    [{ minItems: 2 }, [], 'must have at least 2 items'],
    [{ uniqueItems: true }, [1, 2, 1], 'must not hold one item twice: 0 and 2 are the same'],
    [{ minimum: 1 }, 0, 'must be at least 1'],
    [{ maximum: 1 }, 2, 'must be at most 1'],
    [{ exclusiveMinimum: 1 }, 1, 'must be more than 1'],
    [{ exclusiveMaximum: 1 }, 1, 'must be less than 1'],
    [{ multipleOf: 5 }, 7, 'must be a multiple of 5'],
    [{ type: 'integer' }, 1.5, 'must be a whole number'],
    [{ type: ['string', 'null'] }, 1, 'must be a text or null'],
    [{ pattern: '^a' }, 'b', 'must match ^a'],
    [{ oneOf: [{ type: 'string' }, { minLength: 1 }] }, 'a', 'has two of the forms of which it may have one'],
  ]

  for (const [schema, value, message] of cases) t.deepEqual(told(schema, value), [message], JSON.stringify(schema))
})
