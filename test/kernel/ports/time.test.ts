import test from 'ava'
import fc from 'fast-check'
import { isoTime } from '../../../kernel/ports/time.ts'

test('a time is written as Date writes it, in every year that a Date has', (t) => {
  const anyMs = fc.oneof(fc.integer({ min: -8.64e15, max: 8.64e15 }), fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }), fc.constantFrom(0, -1, 8.64e15, -8.64e15, 951_782_400_000, 999))
  fc.assert(fc.property(anyMs, (ms) => {
    t.is(isoTime(ms), new Date(ms).toISOString())
  }), { numRuns: 5_000 })
  t.throws(() => isoTime(NaN), { instanceOf: RangeError })
})
