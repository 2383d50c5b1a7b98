import test from 'ava'
import fc from 'fast-check'
import { SchemaTypes } from '../../../kernel/cli/types/schema-type.ts'
import type { JsonSchema } from '../../../kernel/json.ts'
import { schemaCheck } from '../../../kernel/ports/schema-check.ts'
import { compile } from './compile.ts'

interface Sample {
  readonly schema: JsonSchema
  readonly values: readonly unknown[]
}

/** A module in which each value is given its schema's type; a value that is no literal any more, so that open objects stay open. */
function assignments(samples: readonly Sample[]): string {
  const lines = samples.flatMap(({ schema, values }, at) => [
    // TypeScript warns of a value that has none of an object's optional fields, though it is one; not of an object with any others.
    `type T${at} = ${new SchemaTypes(schema).type(schema, '').replaceAll('{\n', '{\n  readonly [name: string]: unknown\n')}`,
    ...values.map((value, index) => `const v${at}_${index} = ${JSON.stringify(value)}${value === null ? '' : ' as const'}\nexport const t${at}_${index}: T${at} = v${at}_${index}`),
  ])
  return `interface JsonObject { readonly [name: string]: null | boolean | number | string | readonly unknown[] | JsonObject }\n${lines.join('\n')}\nexport type Unused = JsonObject${samples.map((_, at) => ` | T${at}`).join('')}\n`
}

const object = (properties: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({ type: 'object', properties, ...rest })
const tree: JsonSchema = object({ name: { type: 'string' }, below: { type: 'array', items: { $ref: '#' } } }, { required: ['name'] })

/** Each value keeps its schema, which the test makes sure of. */
const samples: readonly Sample[] = [
  { schema: { type: 'string' }, values: ['a'] },
  { schema: { type: 'integer' }, values: [1, -2] },
  { schema: { type: ['string', 'null'] }, values: ['a', null] },
  { schema: { type: 'string', nullable: true }, values: ['a', null] },
  { schema: { enum: ['a', "it's", 'b\\', 'é"\n', 1, -1.5, 1e21, null, true, { a: 1 }, [1]] }, values: ['a', "it's", 'b\\', 'é"\n', 1, -1.5, 1e21, null, true, { a: 1 }, [1]] },
  { schema: { const: 'x' }, values: ['x'] },
  { schema: { const: { a: [1] } }, values: [{ a: [1] }] },
  { schema: { properties: { a: { type: 'string' } } }, values: [{ a: 'x' }, 5, 'no object'] },
  { schema: { required: ['a'] }, values: [{ a: 1 }, null] },
  { schema: { items: { type: 'string' } }, values: [['a'], 7] },
  { schema: { minimum: 5, maxLength: 3, pattern: 'x' }, values: [9, 'x', true, {}] },
  { schema: object({ a: { type: 'integer' }, 'odd-name': true, 'quo\'te': { type: 'null' }, '': { type: 'string' }, __proto: {} }, { required: ['a', 'not-described'] }), values: [{ a: 1, 'not-described': [2] }, { a: 1, 'not-described': null, 'odd-name': {}, 'quo\'te': null, '': 'x', further: true }] },
  { schema: object({ a: false }), values: [{}] },
  { schema: { type: 'object' }, values: [{}, { a: [1, { b: null }] }] },
  { schema: { type: 'object', additionalProperties: { type: 'number' } }, values: [{}, { a: 1 }] },
  { schema: { type: 'object', additionalProperties: { type: 'number' }, patternProperties: { '^x': { type: 'string' } } }, values: [{ a: 1, x: 'y' }] },
  { schema: object({ a: { type: 'string' } }, { additionalProperties: { type: 'number' } }), values: [{ a: 'x', b: 1 }] },
  { schema: { type: 'object', additionalProperties: false }, values: [{}] },
  { schema: { type: 'array', items: { type: ['string', 'integer'] } }, values: [[], ['a', 1]] },
  { schema: { type: 'array', items: { type: 'array', items: { anyOf: [{ type: 'string' }, object({ a: {} })] } } }, values: [[[], ['a', { a: 1 }]]] },
  { schema: { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' } }, values: [[], ['a'], ['a', 1, 2]] },
  { schema: { type: 'array', prefixItems: [{ type: 'string' }] }, values: [['a', {}, null]] },
  { schema: { type: 'array', prefixItems: [{ type: 'string' }], items: false }, values: [[], ['a']] },
  { schema: { anyOf: [object({ kind: { const: 'a' } }, { required: ['kind'] }), object({ kind: { const: 'b' }, n: { type: 'number' } }, { required: ['kind', 'n'] })] }, values: [{ kind: 'a' }, { kind: 'b', n: 1 }] },
  { schema: { type: 'object', properties: { kind: { type: 'string' } }, oneOf: [{ required: ['kind'] }, { properties: { n: { type: 'number' } }, required: ['n'] }] }, values: [{ kind: 'a' }, { n: 1 }] },
  { schema: { allOf: [object({ a: { type: 'string' } }, { required: ['a'] }), { properties: { b: { enum: [1, 2] } } }], type: 'object' }, values: [{ a: 'x' }, { a: 'x', b: 2 }] },
  { schema: { type: 'string', not: { const: 'x' }, if: { minLength: 2 }, then: { pattern: 'a' }, else: true }, values: ['b', 'ab'] },
  { schema: { $ref: '#/$defs/a%20b~1c', $defs: { 'a b/c': { type: 'integer' } } }, values: [3] },
  { schema: { $ref: '#n', $defs: { a: { $anchor: 'n', type: 'integer' } } }, values: [3] },
  { schema: object({ a: { $id: 'http://inner.test/', $defs: { x: { type: 'string' } }, allOf: [{ $ref: '#/$defs/x' }] } }, { $defs: { x: { type: 'number' } } }), values: [{ a: 'x' }] },
  { schema: tree, values: [{ name: 'a', below: [{ name: 'b', below: [] }] }] },
]

test('the type of a schema admits every value that the schema admits', (t) => {
  for (const { schema, values } of samples) {
    const check = schemaCheck(schema)
    for (const value of values) t.deepEqual(check(value), [], JSON.stringify({ schema, value }))
  }

  t.deepEqual(compile({ 'samples.ts': assignments(samples) }), [])
})

const scalar = fc.constantFrom<unknown>('a', 'b', 1, 2.5, true, null)
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 })),
})).value
const kind = fc.constantFrom('string', 'number', 'integer', 'boolean', 'null', 'array', 'object')
/** Of a few keywords each: of many at once, hardly any has a value. */
const anySchema = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const below = fc.oneof(fc.boolean() as fc.Arbitrary<unknown>, tie('schema'))
  const some = fc.array(below, { minLength: 1, maxLength: 3 })
  const keyword: fc.Arbitrary<JsonSchema> = fc.oneof(
    fc.record({ type: fc.oneof(kind, fc.uniqueArray(kind, { minLength: 1, maxLength: 3 })) }),
    fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4 }) }),
    fc.record({ type: kind, nullable: fc.constant(true) }),
    fc.constantFrom({ minimum: 2 }, { maxLength: 1 }, { const: 'a' }),
    fc.record({ type: fc.constant('object'), properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), below, { maxKeys: 3 }) }),
    ...[fc.record({ properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), below, { maxKeys: 3 }) }), fc.record({ required: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }) })],
    fc.record({ additionalProperties: below }), fc.record({ patternProperties: fc.dictionary(fc.constantFrom('^a', 'b'), below, { maxKeys: 1 }) }),
    fc.record({ type: fc.constant('array'), items: below }), fc.record({ items: below }), fc.record({ prefixItems: some }),
    fc.record({ allOf: some }), fc.record({ anyOf: some }), fc.record({ oneOf: some }), fc.record({ not: below }), fc.record({ if: below, then: below, else: below }),
    fc.record({ $ref: fc.constantFrom('#/$defs/x', '#/$defs/y') }),
  )
  return { schema: fc.array(keyword, { minLength: 1, maxLength: 3 }).map((parts): JsonSchema => Object.assign({}, ...parts) as JsonSchema) }
}).schema

test('so does the type of a random schema, with random values', (t) => {
  t.timeout(120_000)
  const values = fc.sample(anyValue, 60)
  const random = fc.sample(fc.record({ schema: anySchema, x: anySchema, y: anySchema }), 200).flatMap(({ schema, x, y }): Sample[] => {
    const whole = { ...schema, $defs: { x, y } }
    const check = schemaCheck(whole)
    try {
      return [{ schema: whole, values: values.filter((value) => check(value).length === 0).slice(0, 12) }]
    } catch {
      // A reference to nothing, or one without an end: the manifest's check refuses such a schema.
      return []
    }
  })

  t.deepEqual(compile({ 'random.ts': assignments(random) }), [])
  t.true(random.reduce((count, one) => count + one.values.length, 0) > 500)
})
