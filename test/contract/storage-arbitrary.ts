import fc from 'fast-check'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { Where } from '../../kernel/ports/storage/index.ts'

/** Texts that collations, case folding, padding and UTF-16 order get wrong. */
const texts = [
  '', ' ', 'a', 'a ', 'a\t', 'A', 'b', 'ab', 'i', 'I', 'ı', 'İ', 'ß', 'ss', 'æ', 'ae', 'ﬀ', 'ff', '１', '1', '-1', 'null', 'true',
  'é', 'e\u0301', '\u00c5', '\u212b', '\u{1f600}', '\u{10000}', '\u{ffff}', '\u{e000}', '\u{d7ff}',
  '\u0001', '\u007f', '\u0080', '\u00a0', '\u00ad', '\u200b', '\u2028', '\ufeff', '\n', '\r\n', '\\', '"', "'", '%', '_', '/',
]
/** As long as a string under an index may be. */
const longest = ['x'.repeat(512), 'é'.repeat(256), `${'x'.repeat(511)} `]
/** What casts to decimals, to 64-bit integers, or to fewer digits get wrong. */
const numbers = [
  0, -0, 1, -1, 0.5, -0.5, 42, 0.1, 0.1 + 0.2, 1 / 3, 1e-7, 123456789.12345679, 1e21, 1e23, 1e308, -1e308, Number.MAX_VALUE, 2.2250738585072014e-308, 5e-324, -5e-324,
  2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, -(2 ** 53), -(2 ** 53) - 2, 2 ** 63, -(2 ** 63), 2 ** 64,
]

/** What documents and queries often have both. */
const common = [0, 1, -1, 'a', 'b', '', true, null] as const

export const text = fc.oneof(fc.constantFrom(...texts), fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts)).map(([a, b]) => a + b))
export const scalar: fc.Arbitrary<null | boolean | number | string> = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...common) }, { weight: 3, arbitrary: text }, { weight: 3, arbitrary: fc.constantFrom(...numbers) }, { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) }, fc.boolean(), fc.constantFrom(...longest), fc.constant(null))

/** Few names, so that queries meet documents; one has a dot, one is everybody's. Some only have to come back as they are. */
const name = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'c', 'a.b', '', 'constructor') },
  { weight: 1, arbitrary: fc.constantFrom('A', 'a ', ' ', 'é', 'e\u0301', '0', '1', 'length', '_id', 'id', 'a$b', 'a"b', 'a\\b', "a'b", '.', '..', 'a.', '\u{1f600}', '\n') },
)
const deepPath = Array.from({ length: 29 }, () => 'a').join('.')
const paths = ['a', 'b', 'c', 'u', 'A', 'a.b', 'a.a', 'b.a.c', 'a.a.a.a', deepPath, '', 'constructor', 'toString'] as const

export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
    { weight: 2, arbitrary: fc.dictionary(name, tie('value'), { maxKeys: 3 }) },
  ),
})).value

/** `value` in up to 28 objects, or now and then an array: with the document that holds it, up to 30 levels. */
const deep: fc.Arbitrary<Json> = fc.tuple(scalar, fc.integer({ min: 1, max: 28 }), fc.nat(200)).map(([value, levels, list]) => {
  let made: Json = value
  for (let level = 0; level < levels; level++) made = level === list ? [made] : { a: made }
  return made
})

/** `u` stands under a unique index in some collections: absent, null, one of many values, or an array that equals every other. */
export const document: fc.Arbitrary<JsonObject> = fc.tuple(fc.dictionary(name, json, { maxKeys: 4 }), fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: deep }), fc.option(fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: json })))
  .map(([fields, a, u]) => ({ ...fields, ...(a !== null && { a }), ...(u !== null && { u }) }))

export const id = fc.oneof(fc.constantFrom('a', 'A', 'b', 'ab', 'a ', 'é', 'e\u0301', 'ß', 'ss', '\u{ffff}', '\u{10000}', '\u{1f600}x', 'z', 'i', 'I', 'ı', '10', '9', 'x'.repeat(255)), fc.uuid())

export const path = fc.constantFrom(...paths)

/** Short ones, that other texts go on from. */
const prefix = fc.oneof(text, fc.constantFrom('', 'a', 'A', 'e', 's', ' ', '\u{1f600}'))
const operators: fc.Arbitrary<Record<string, Json>> = fc.oneof(
  fc.record({ $eq: scalar }), fc.record({ $ne: scalar }), fc.record({ $gt: scalar }), fc.record({ $gte: scalar }), fc.record({ $lt: scalar }), fc.record({ $lte: scalar }),
  fc.record({ $gte: scalar, $lt: scalar }), fc.record({ $gt: scalar, $ne: scalar }),
  fc.record({ $in: fc.array(scalar, { maxLength: 4 }) }), fc.record({ $nin: fc.array(scalar, { maxLength: 4 }) }),
  fc.record({ $exists: fc.boolean() }), fc.record({ $prefix: prefix }), fc.record({ $contains: scalar }),
)
const onId: fc.Arbitrary<Where> = fc.oneof(fc.record({ $id: id }), fc.record({ $id: fc.record({ $in: fc.array(id, { maxLength: 4 }) }) }), fc.record({ $id: fc.record({ $prefix: id }) }), fc.record({ $id: fc.record({ $gt: id }) }), fc.record({ $id: fc.record({ $lte: id }) }))
/** All that a unique index is asked for: one value, one of several, and what it does not hold. */
const onUnique: fc.Arbitrary<Where> = fc.record({ u: fc.oneof(scalar as fc.Arbitrary<Json>, fc.record({ $exists: fc.boolean() }), fc.record({ $prefix: prefix }), fc.record({ $in: fc.array(scalar, { maxLength: 4 }) })) })
const onPaths: fc.Arbitrary<Where> = fc.dictionary(path, fc.oneof(scalar as fc.Arbitrary<Json>, operators), { maxKeys: 3 })

export const where: fc.Arbitrary<Where> = fc.letrec<{ where: Where }>((tie) => ({
  where: fc.oneof(
    { depthSize: 'small' },
    { weight: 6, arbitrary: onPaths },
    { weight: 1, arbitrary: onId },
    { weight: 1, arbitrary: onUnique },
    { weight: 1, arbitrary: fc.record({ $or: fc.array(tie('where'), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ $and: fc.array(tie('where'), { minLength: 1, maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ $not: tie('where') }) },
  ),
})).where

const direction = fc.constantFrom('', '-')
export const orderBy = fc.uniqueArray(fc.oneof({ weight: 6, arbitrary: path }, fc.constant('$id'), fc.constant('$createdAt')), { maxLength: 3 })
  .chain((names) => fc.tuple(...names.map(() => direction)).map((directions) => names.map((one, at) => `${directions[at] ?? ''}${one}`)))

export interface Asked {
  readonly where: Where
  readonly orderBy: readonly string[]
}

/** A query that one of the indexes answers whole: conditions on its first paths, and its order, forwards or backwards. */
const alongIndex = (indexes: readonly (readonly string[])[]): fc.Arbitrary<Asked> => fc.record({ index: fc.constantFrom(...indexes), asked: fc.array(fc.oneof(operators, fc.record({ $in: fc.subarray([...common]) })), { maxLength: 2 }), backwards: fc.boolean() })
  .map(({ index, asked, backwards }) => ({
    where: Object.fromEntries(asked.flatMap((one, at) => (index[at] === undefined || index[at].includes('$') ? [] : [[index[at].replace(/^-/, ''), one]]))),
    orderBy: index.map((one) => (!backwards ? one : one.startsWith('-') ? one.slice(1) : `-${one}`)),
  }))

export const query = (indexes: readonly (readonly string[])[]): fc.Arbitrary<Asked> => {
  const any: fc.Arbitrary<Asked> = fc.record({ where, orderBy })
  return indexes.length === 0 ? any : fc.oneof({ weight: 2, arbitrary: any }, { weight: 1, arbitrary: alongIndex(indexes) })
}
