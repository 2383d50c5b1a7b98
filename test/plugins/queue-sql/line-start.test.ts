import test from 'ava'
import { LineStarts } from '../../../plugins/queue-sql/line-start.ts'

const queue = 'emails'
const ranked = (...ranks: readonly number[]) => ranks.map((rank) => ({ queue, state: 'ready' as const, rank }))

/** A line of which 2,000 jobs were leased, the last of them at rank 2,000, by looks that took so long each. */
function worn(tookMs: number) {
  let nowMs = 0
  const starts = new LineStarts(() => nowMs)
  const look = (ranks: readonly number[], took = tookMs) => {
    const start = starts.of(queue)
    nowMs += took
    starts.found(queue, start, ranked(...ranks))
    return start
  }
  for (let at = 1; at <= 40; at++) look(Array.from({ length: 50 }, (_, n) => (at - 1) * 50 + n + 1))
  return { starts, look, pass: (ms: number) => { nowMs += ms } }
}

test('a lease begins at the beginning while that is fast, however many came before', (t) => {
  const { look } = worn(5)

  t.true(look([2_001]).whole)
  t.true(look([2_002]).whole)
})

test('where a whole look became slow most begin where the last one found its first, and one in a while is whole', (t) => {
  const { look, pass } = worn(100)

  t.like(look([2_001, 2_002]), { whole: false, rank: 1_951 })
  t.like(look([2_003]), { whole: false, rank: 2_001 })
  pass(1_000)
  t.true(look([7]).whole)
  t.like(look([8]), { whole: false, rank: 7 })
})

test('what this process puts into line below that is looked at next', (t) => {
  const { starts, look } = worn(100)

  starts.entered([{ queue, state: 'scheduled', rank: 1 }, ...ranked(1_500)])
  t.like(look([1_500]), { whole: false, rank: 1_500 })
})

test('a look that began before does not pass over what came into line meanwhile', (t) => {
  const { starts } = worn(100)

  const before = starts.of(queue)
  starts.entered(ranked(10))
  starts.found(queue, before, ranked(1_960))
  t.is(starts.of(queue).rank, 10)
})

test('one that found nothing is followed by a whole one', (t) => {
  const { starts } = worn(100)

  t.like(starts.whole(queue), { whole: true, rank: Number.MIN_SAFE_INTEGER })
})
