import test from 'ava'
import fc from 'fast-check'
import { OrderedMap } from '../../../kernel/ports/ordered-map.ts'

// Few keys meet often; many split and join blocks.
const keys = [fc.nat(40), fc.nat(6_000)].map((numbers) => numbers.map((n) => n.toString(7)))
const end = (key: fc.Arbitrary<string>) => fc.option(fc.record({ key, open: fc.boolean() }), { nil: undefined })

for (const [index, key] of keys.entries()) {
  test(`an ordered map holds what a sorted list does: ${index === 0 ? 'few' : 'many'} keys`, (t) => {
    const changes = fc.array(fc.record({ key, remove: fc.boolean(), span: fc.nat(900) }), { maxLength: 60, size: 'max' })
    const ranges = fc.array(fc.record({ lower: end(key), upper: end(key), reverse: fc.boolean() }), { minLength: 5, maxLength: 5 })

    fc.assert(fc.property(changes, ranges, (changes, ranges) => {
      const map = new OrderedMap<number>()
      const model = new Map<string, number>()
      for (const { key, remove, span } of changes) {
        const from = Number.parseInt(key, 7)
        for (let n = from; n < from + span; n++) {
          if (remove) map.delete(n.toString(7))
          else map.set(n.toString(7), n)
          if (remove) model.delete(n.toString(7))
          else model.set(n.toString(7), n)
        }
      }

      const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
      t.is(map.first(), sorted[0]?.[1])
      for (const { lower, upper, reverse } of ranges) {
        const within = sorted.filter(([key]) => (!lower || (lower.open ? key > lower.key : key >= lower.key)) && (!upper || (upper.open ? key < upper.key : key <= upper.key)))
        const expected = (reverse ? within.toReversed() : within).map(([, value]) => value)
        t.deepEqual([...map.values({ lower, upper, reverse })], expected)
        for (const one of [lower, upper]) if (one) t.is(map.get(one.key), model.get(one.key))
      }
    }), { numRuns: 40 })
  })
}
