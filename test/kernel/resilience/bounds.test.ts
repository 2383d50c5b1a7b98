import test from 'ava'
import fc from 'fast-check'
import { Bulkhead, type Waiter } from '../../../kernel/resilience/bulkhead.ts'
import { budgetRetries, RetryBudget } from '../../../kernel/resilience/retry-budget.ts'

/** A call that came: it has a place, waits for one, or has neither any more. */
interface Caller {
  state: 'in' | 'waiting' | 'gone'
  readonly waiter: Waiter
}

test('a bulkhead never has more calls in it or before it than it may, and lets in who waited longest', (t) => {
  const step = fc.oneof(fc.constant('come' as const), fc.constant('leave' as const), fc.constant('giveUp' as const))
  fc.assert(fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }), fc.array(fc.tuple(step, fc.nat(20)), { maxLength: 60 }), (concurrent, queued, steps) => {
    const bulkhead = new Bulkhead({ concurrent, queued })
    const callers: Caller[] = []
    const those = (state: Caller['state']) => callers.filter((caller) => caller.state === state)

    for (const [what, which] of steps) {
      if (what === 'come') {
        const caller: Caller = { state: 'gone', waiter: () => { caller.state = 'in'; return true } }
        const room = those('in').length < concurrent
        if (bulkhead.enter() !== room) return false
        if (room) caller.state = 'in'
        else if (bulkhead.wait(caller.waiter) !== those('waiting').length < queued) return false
        else if (those('waiting').length < queued) caller.state = 'waiting'
        callers.push(caller)
      } else if (what === 'leave') {
        const [one] = those('in').slice(which % Math.max(1, those('in').length))
        const [longest] = those('waiting')
        if (!one) continue
        one.state = 'gone'
        bulkhead.leave()
        if (longest && longest.state !== 'in') return false
      } else {
        const [one] = those('waiting').slice(which % Math.max(1, those('waiting').length))
        if (!one) continue
        one.state = 'gone'
        bulkhead.giveUp(one.waiter)
      }
      if (bulkhead.inFlight !== those('in').length || bulkhead.waiting !== those('waiting').length) return false
    }
    return true
  }))
  t.pass()
})

test('a place that is given back goes past those who have no more use for it', (t) => {
  const bulkhead = new Bulkhead({ concurrent: 1, queued: 10_000 })
  const told: number[] = []
  bulkhead.enter()
  for (let n = 0; n < 10_000; n++) bulkhead.wait(() => { told.push(n); return n === 9_998 })

  bulkhead.leave()

  t.is(told.length, 9_999)
  t.is(bulkhead.inFlight, 1)
  t.is(bulkhead.waiting, 1)
})

test('retries never come to more than the budget and what successes have paid for', (t) => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.array(fc.boolean(), { maxLength: 200 }), (share, events) => {
    const budget = new RetryBudget(share)
    let [successes, retries] = [0, 0]
    for (const success of events) {
      if (success) {
        budget.succeed()
        successes++
      } else if (budget.draw()) {
        retries++
      }
      if (budget.left < 0 || budget.left > budgetRetries || retries > budgetRetries + successes * share + 1e-6) return false
    }
    return true
  }))
  t.pass()
})

test('a budget that was spent is filled again by successes, and by nothing else', (t) => {
  const budget = new RetryBudget(0.25)
  for (let n = 0; n < budgetRetries; n++) t.true(budget.draw())
  t.false(budget.draw())

  for (let n = 0; n < 3; n++) budget.succeed()
  t.false(budget.draw())
  budget.succeed()

  t.true(budget.draw())
  t.false(budget.draw())
})
