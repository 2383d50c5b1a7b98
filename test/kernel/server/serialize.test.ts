import test from 'ava'
import fc from 'fast-check'
import { JsonText } from '../../../kernel/json.ts'
import { serializerOf } from '../../../kernel/server/serialize.ts'

const closed = (properties: object) => ({ type: 'object', properties, additionalProperties: false })
const record = closed({ id: { type: 'string' }, value: { type: 'object' }, version: { type: 'string' }, expiresAt: { type: 'string' }, n: { type: 'number' } })

test('what a compiled serializer writes is what JSON.stringify would', (t) => {
  const page = serializerOf(closed({ items: { type: 'array', items: { anyOf: [record, { type: 'null' }] } }, next: { type: ['string', 'null'] } }))
  const item = fc.option(fc.record({ id: fc.string({ unit: 'binary' }), value: fc.dictionary(fc.string(), fc.jsonValue()), version: fc.string(), expiresAt: fc.string(), n: fc.double() }, { requiredKeys: ['id'] }))
  fc.assert(fc.property(fc.array(item), fc.option(fc.string()), (items, next) => {
    t.deepEqual(JSON.parse(page({ items, next })), JSON.parse(JSON.stringify({ items, next })))
  }))
})

test('a value that does not fit its schema is written faithfully', (t) => {
  const write = serializerOf(closed({ id: { type: 'string' }, list: { type: 'array', items: { type: 'string' } } }))

  t.is(write({ id: 12, list: 'no list' }), '{"id":12,"list":"no list"}')
  t.is(write([1]), '[1]')
  t.is(write(null), 'null')
  t.is(serializerOf({ type: 'object' })({ free: { form: [1] } }), '{"free":{"form":[1]}}')
})

test('stored text goes into the answer as it is, wherever the schema leads to it', (t) => {
  const text = new JsonText('{"b": 1, "a": [ ]}')

  t.is(serializerOf(record)({ id: 'x', value: text }), '{"id":"x","value":{"b": 1, "a": [ ]}}')
  t.is(serializerOf(closed({ items: { type: 'array', items: { $ref: '#/$defs/r' } } }))({ items: [{ value: text }] }), '{"items":[{"value":{"b":1,"a":[]}}]}', 'an unknown reference is still right')
  t.is(serializerOf({ ...closed({ items: { type: 'array', items: { $ref: '#/$defs/r' } } }), $defs: { r: record } })({ items: [{ value: text }, null] }), '{"items":[{"value":{"b": 1, "a": [ ]}},null]}')
})

test('a schema that refers to itself can be compiled', (t) => {
  const tree = { ...closed({ name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } }) }

  t.is(serializerOf(tree)({ name: 'a', children: [{ name: 'b', children: [] }] }), '{"name":"a","children":[{"name":"b","children":[]}]}')
})

test('omitted fields are left out', (t) => {
  t.is(serializerOf(record, ['version'])({ id: 'x', version: 'v' }), '{"id":"x"}')
  t.is(serializerOf({ type: 'object' }, ['version'])({ id: 'x', version: 'v' }), '{"id":"x"}')
})
