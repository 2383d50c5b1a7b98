import test from 'ava'
import { Breaker, type CircuitState, type Pass } from '../../../kernel/resilience/breaker.ts'
import type { BreakerRules } from '../../../kernel/resilience/rules.ts'
import { VirtualClock } from '../../contract/clock.ts'

const consecutive: BreakerRules = { failures: 3, openForMs: 30_000 }
const rate: BreakerRules = { rateShare: 0.5, windowMs: 10_000, minCalls: 4, openForMs: 30_000 }

function make(rules: BreakerRules) {
  const clock = new VirtualClock()
  const changes: CircuitState[] = []
  const breaker = new Breaker(rules, clock, (to) => { changes.push(to) })
  const enter = () => breaker.enter() as Pass
  return { clock, changes, breaker, enter, fail: (times = 1) => { for (let n = 0; n < times; n++) breaker.fail(enter()) }, succeed: (times = 1) => { for (let n = 0; n < times; n++) breaker.succeed(enter()) } }
}

test('so many failures one after the other open the circuit, and a success between them starts anew', (t) => {
  const { breaker, fail, succeed } = make(consecutive)

  fail(2)
  succeed()
  fail(2)
  t.is(breaker.state, 'closed')

  fail()
  t.is(breaker.state, 'open')
  t.is(breaker.enter(), undefined)
})

test('once it was open for its time, one call at once is the trial; its success closes the circuit', async (t) => {
  const { breaker, clock, changes, enter, fail } = make(consecutive)
  fail(3)

  await clock.advance(29_999)
  t.is(breaker.openMs, 1)
  t.is(breaker.enter(), undefined)
  await clock.advance(1)
  const trial = enter()
  t.is(breaker.state, 'half-open')
  t.is(breaker.enter(), undefined)

  breaker.succeed(trial)
  t.deepEqual(changes, ['open', 'half-open', 'closed'])
  fail(2)
  t.is(breaker.state, 'closed')
})

test('a trial that fails opens the circuit for its whole time again', async (t) => {
  const { breaker, clock, enter, fail } = make(consecutive)
  fail(3)
  await clock.advance(30_000)

  breaker.fail(enter())

  t.is(breaker.state, 'open')
  t.is(breaker.openMs, 30_000)
})

test('a trial that tells nothing of the backend leaves the next call to be one', async (t) => {
  const { breaker, clock, enter, fail } = make(consecutive)
  fail(3)
  await clock.advance(30_000)

  breaker.release(enter())

  t.is(breaker.state, 'half-open')
  t.not(breaker.enter(), undefined)
})

test('a call that outlived its state tells nothing of the next one', async (t) => {
  const { breaker, clock, enter, fail } = make(consecutive)
  const [early, late] = [enter(), enter()]
  fail(3)
  breaker.succeed(early)
  t.is(breaker.state, 'open')

  await clock.advance(30_000)
  const trial = enter()
  breaker.fail(late)
  breaker.release(late)
  t.is(breaker.enter(), undefined)
  t.is(breaker.state, 'half-open')

  breaker.succeed(trial)
  t.is(breaker.state, 'closed')
})

test('a share of failures opens the circuit only when there were calls enough to judge by', (t) => {
  const { breaker, fail, succeed } = make(rate)

  fail(3)
  t.is(breaker.state, 'closed')
  succeed(5)
  fail()
  t.is(breaker.state, 'closed')

  fail()
  t.is(breaker.state, 'open')
})

test('what left the window no longer counts, also after a long silence', async (t) => {
  const { breaker, clock, fail, succeed } = make(rate)
  fail(3)
  await clock.advance(10_000)
  fail(3)
  t.is(breaker.state, 'closed')

  await clock.advance(5_000)
  succeed(1)
  await clock.advance(5_000)
  fail(2)
  t.is(breaker.state, 'closed')
  fail(1)
  t.is(breaker.state, 'open')

  breaker.reset()
  fail(3)
  await clock.advance(3_600_000)
  fail(3)
  t.is(breaker.state, 'closed')
})

test('a wall clock that is set back keeps no circuit open beyond its time', (t) => {
  let nowMs = 1_000_000
  const breaker = new Breaker(consecutive, { now: () => nowMs, after: () => () => undefined })
  for (let n = 0; n < 3; n++) breaker.fail(breaker.enter() as Pass)

  nowMs = 1_000
  t.is(breaker.enter(), undefined)
  nowMs += 30_000
  t.not(breaker.enter(), undefined)
})

test('a reset closes the circuit, and what began before it counts no more', (t) => {
  const { breaker, changes, enter, fail } = make(consecutive)
  const before = enter()
  fail(2)
  breaker.reset()
  breaker.fail(before)
  t.is(breaker.state, 'closed')
  t.false(breaker.isCurrent(before))

  fail(3)
  breaker.reset()
  t.is(breaker.state, 'closed')
  t.deepEqual(changes, ['open', 'closed'])
})
