import test from 'ava'
import fc from 'fast-check'
import { decimalCodec } from '../../../plugins/storage-sql/mapped-numbers.ts'

const anyNumber = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value))

test('a number goes into a column of decimals as itself, whatever zeros the column shows', (t) => {
  const codec = decimalCodec({ is: 'decimal' })
  fc.assert(fc.property(anyNumber, fc.nat(3), (value, zeros) => {
    const written = codec.write(value)
    const text = 'param' in written ? String(written.param) : ''
    return /^-?\d+(\.\d+)?$/.test(text) && Number(text) === value && codec.read(text) === value && codec.read(`${text.includes('.') ? text : `${text}.`}${'0'.repeat(zeros + 1)}`) === value
  }), { numRuns: 2_000 })
  t.pass()
})

test('only numbers that a column of so many digits keeps are written there, and only those that a double keeps are read', (t) => {
  const codec = decimalCodec({ is: 'decimal', digits: 5, scale: 2 })

  for (const value of [0, 0.01, -999.99, 100, 12.5]) t.true('param' in codec.write(value), String(value))
  for (const value of [0.001, 1000, 999.999, 1e-7, 1e21, '1', null, true]) t.true('unfit' in codec.write(value), String(value))
  for (const [text, value] of [['0.00', 0], ['-0.00', 0], ['1.10', 1.1], ['-12.50', -12.5], ['9007199254740992', 2 ** 53]] as const) t.is(codec.read(text), value)
  for (const text of ['9007199254740993', '0.1000000000000000055', 'NaN', 'Infinity', '']) t.throws(() => codec.read(text), { name: 'Unreadable' }, text)
})
