import test from 'ava'
import fc from 'fast-check'
import { complement, encodeValue, keysOf, orderKey } from '../../../../kernel/ports/storage/keys.ts'
import { collectionsOf } from '../../../../kernel/ports/storage/index.ts'
import { compareRecords, compareStrings, compareValues } from '../../../../kernel/ports/storage/order.ts'
import { parseOrderPath } from '../../../../kernel/ports/storage/path.ts'
import { document, id, json, orderBy, text } from '../../../contract/storage-arbitrary.ts'

const sign = (difference: number) => Math.sign(difference) + 0
const never = (): never => { throw new Error('too long') }

test('keys of values sort as the values do', (t) => {
  fc.assert(fc.property(fc.option(json, { nil: undefined }), fc.option(json, { nil: undefined }), (a, b) => {
    t.is(sign(Buffer.compare(encodeValue(a), encodeValue(b))), sign(compareValues(a, b)))
    t.is(sign(Buffer.compare(complement(encodeValue(a)), complement(encodeValue(b)))), sign(compareValues(b, a)))
  }), { numRuns: 2_000 })
})

test('keys of any doubles sort as the doubles do', (t) => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ noNaN: true, noDefaultInfinity: true }), (a, b) => {
    t.is(sign(Buffer.compare(encodeValue(a), encodeValue(b))), sign(a - b === 0 || a === b ? 0 : a < b ? -1 : 1))
  }), { numRuns: 2_000 })
})

test('strings compare by code point, as their UTF-8 does', (t) => {
  fc.assert(fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), fc.oneof(text, fc.string({ unit: 'binary' })), (a, b) => {
    t.is(sign(compareStrings(a, b)), sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
  }), { numRuns: 2_000 })
})

test('keys of records sort as the records do, in any order and direction', (t) => {
  const record = fc.record({ id, value: document, createdAtMs: fc.nat(3), updatedAtMs: fc.nat(3) })
  fc.assert(fc.property(record, record, orderBy, (a, b, order) => {
    const paths = order.map((one) => parseOrderPath(one) ?? never())
    t.is(sign(Buffer.compare(orderKey(paths, a, never), orderKey(paths, b, never))), sign(compareRecords(paths)(a, b)))
  }), { numRuns: 2_000 })
})

test('a unique key has no id, and there is none where a path is missing', (t) => {
  const collection = collectionsOf({ collections: { c: { unique: [['a', '-b']] } } }).get('c') ?? never()
  const at = (id: string, value: Record<string, null | number>) => keysOf(collection, { id, value, createdAtMs: 0, updatedAtMs: 0 })

  t.deepEqual(at('x', { a: null, b: 1 }), at('y', { a: null, b: 1 }))
  t.deepEqual(at('x', { a: 1 }), [null])
})

test('an indexed string of 512 bytes is kept, one more is refused', (t) => {
  const collection = collectionsOf({ collections: { c: { indexes: [['a']] } } }).get('c') ?? never()
  const of = (a: string) => keysOf(collection, { id: 'x', value: { a }, createdAtMs: 0, updatedAtMs: 0 })

  t.notThrows(() => of('é'.repeat(256)))
  t.throws(() => of(`${'é'.repeat(256)}a`), { code: 'STORAGE_KEY_TOO_LONG' })
})
