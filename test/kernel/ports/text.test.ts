import test from 'ava'
import fc from 'fast-check'
import { badText, findBadText } from '../../../kernel/ports/text.ts'

const limits = { maxDepth: 4 }
const nul = String.fromCharCode(0)
const lone = String.fromCharCode(0xd800)

test('plain JSON passes, and every value that JSON.parse can give without bad text', (t) => {
  t.is(findBadText({ a: [1, 'é', null, true, { b: '😀' }] }, limits), undefined)
  t.is(findBadText(Object.assign(Object.create(null) as object, { a: 1 }), limits), undefined)

  fc.assert(fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
    const value: unknown = JSON.parse(text)
    const clean = !text.includes('__proto__') && !text.includes('\\u0000') && text.isWellFormed() && !/\\ud[89a-f]/i.test(text)
    return !clean || findBadText(value, { maxDepth: 100 }) === undefined
  }))
})

const refused: readonly [string, unknown, string, RegExp][] = [
  ['NUL in a string', { a: ['x', `y${nul}`] }, '/a/1', /NUL/],
  ['a lone surrogate in a string', { a: lone }, '/a', /surrogate/],
  ['NUL in a name, which the pointer does not repeat', { a: { [`k${nul}`]: 1 } }, '/a', /name.*NUL/],
  ['a lone surrogate in a name', { [lone]: 1 }, '', /name.*surrogate/],
  ['infinity', { total: Number.POSITIVE_INFINITY }, '/total', /finite/],
  ['a number beyond doubles', JSON.parse('{"n":1e400}'), '/n', /finite/],
  ['__proto__', JSON.parse('{"a":{"__proto__":{}}}'), '/a/__proto__', /not allowed/],
  ['five levels', [[[[[]]]]], '/0/0/0/0', /deep/],
  ['undefined', { a: undefined }, '/a', /JSON/],
  ['a Date', { a: new Date(0) }, '/a', /JSON/],
  ['a bigint', { a: 1n }, '/a', /JSON/],
  ['a function', { a: () => 1 }, '/a', /JSON/],
  ['a hole in an array', { a: new Array<unknown>(1) }, '/a/0', /JSON/],
  ['names that a pointer escapes', { 'a/b~c': nul }, '/a~1b~0c', /NUL/],
]

for (const [what, value, path, message] of refused) {
  test(`refused: ${what}`, (t) => {
    const found = findBadText(value, limits)
    t.is(found?.path, path)
    t.regex(found?.message ?? '', message)
  })
}

test('a cycle ends, and a name of megabytes is shortened without cutting a character in two', (t) => {
  const cycle: unknown[] = []
  cycle.push(cycle, cycle)
  t.regex(findBadText(cycle, { maxDepth: 30 })?.message ?? '', /deep/)

  const path = findBadText({ [`${'x'.repeat(98)}😀${'y'.repeat(1_000_000)}`]: nul }, limits)?.path ?? ''
  t.true(path.length <= 101)
  t.true(path.isWellFormed())
})

test('badText tells which of the two', (t) => {
  t.is(badText('ok'), undefined)
  t.regex(badText(nul) ?? '', /NUL/)
  t.regex(badText(lone) ?? '', /surrogate/)
})
