import { kernelError } from '../errors.ts'
import type { Pass } from '../resilience/breaker.ts'
import type { Bulkhead } from '../resilience/bulkhead.ts'
import { AttemptCall } from './attempt-call.ts'
import type { OperationCall } from './call.ts'
import type { Deadlines } from './deadlines.ts'
import type { Guard } from './guard.ts'
import { isRepeatable, lateError } from './repeatable.ts'
import { delayMs, verdictOf } from './retrying.ts'
import type { Run } from './swap-point.ts'
import { Waiting } from './waiting.ts'
import { waitsMs } from './waits.ts'

export interface GuardedRunParts {
  readonly guard: Guard
  readonly run: Run
  readonly input: unknown
  readonly call: OperationCall
  readonly deadlines: Deadlines
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
}

/** A driver's own timer may end so long before the call's. */
const timerSlackMs = 2
/** In place of a pass whose outcome has been told. */
const told: Pass = 0

/**
 * One call under its policy: circuit breaker → bulkhead → attempt timeout → driver, and again where a retry is due. It is
 * steps and not promises within promises: each of those would cost every call more than all that is decided here.
 */
export class GuardedRun {
  readonly #parts: GuardedRunParts
  /** As `performance.now()` counts; the policy's time for the whole call. */
  readonly #endsAtMs: number
  readonly #waitsMs: number
  /** A call that waits on purpose, for a job or a lock, is no work for the backend meanwhile, and must not keep out the one that it waits for. */
  readonly #bulkhead: Bulkhead | undefined
  #attempts = 0
  #pass: Pass = told
  #running: AttemptCall | true | undefined
  #waiting: Waiting | undefined
  #done = false

  constructor(parts: GuardedRunParts) {
    const { guard, call, input } = parts
    this.#parts = parts
    this.#waitsMs = waitsMs(guard.operation, input)
    this.#bulkhead = this.#waitsMs > 0 ? undefined : guard.bulkhead
    this.#endsAtMs = guard.timeoutMs === undefined ? Infinity : call.startedMs + guard.timeoutMs + this.#waitsMs
  }

  /** Begins an attempt, the first one or another. */
  begin(): void {
    const { breaker, counts, policy, title: operation } = this.#parts.guard
    const bulkhead = this.#bulkhead
    if (breaker && !this.#enter()) return
    if (!bulkhead || bulkhead.enter()) {
      this.#make()
      return
    }
    if (!bulkhead.wait(this.#admitted)) {
      breaker?.release(this.#pass)
      counts.bulkheadFull.value++
      this.#fail(kernelError('CALL_BULKHEAD_FULL', { operation, policy }))
      return
    }
    this.#wait(() => { bulkhead.giveUp(this.#admitted) })
  }

  /** The call ended without this run: its time is over. */
  abandon(): void {
    if (this.#done) return
    this.#done = true
    if (this.#running && !this.#parts.call.ownTimeout) this.#parts.guard.breaker?.fail(this.#pass)
    else this.#parts.guard.breaker?.release(this.#pass)
    this.#leave()
    this.#stopWaiting()
  }

  /** False when the circuit is open, and the run has ended. */
  #enter(): boolean {
    const { breaker, counts, policy, title: operation } = this.#parts.guard
    const pass = breaker?.enter()
    if (pass === undefined) {
      counts.circuitOpen.value++
      this.#fail(kernelError('CALL_CIRCUIT_OPEN', { operation, policy }, { retryAfterMs: breaker?.openMs ?? 0 }))
      return false
    }
    this.#pass = pass
    return true
  }

  /** A place in the bulkhead, which came after a while: the circuit may have opened since. */
  readonly #admitted = (): boolean => {
    const { breaker } = this.#parts.guard
    this.#stopWaiting()
    if (breaker && !breaker.isCurrent(this.#pass) && !this.#enter()) return false
    this.#make()
    return true
  }

  #make(): void {
    const { run, call, deadlines, guard, input } = this.#parts
    const timeoutMs = Math.min((guard.attemptTimeoutMs ?? Infinity) + this.#waitsMs, this.#leftMs())
    const running = timeoutMs === Infinity ? true : new AttemptCall(call, timeoutMs, this.#late)
    this.#running = running
    this.#attempts++
    const failed = (error: unknown): void => { if (this.#running === running) this.#failed(error) }
    try {
      // One that is there already is told later as well: ends that are told within one another would pile up on the stack.
      const answer = Promise.resolve(run(input, running === true ? call : running))
      if (running !== true) deadlines.watch(running, timeoutMs)
      answer.then((output) => { if (this.#running === running) this.#succeed(output) }, failed)
    } catch (error) {
      queueMicrotask(() => { failed(error) })
    }
  }

  readonly #late = ({ timeoutMs }: AttemptCall): void => {
    const { guard, input } = this.#parts
    this.#failed(lateError(isRepeatable(guard, input), { operation: guard.title, timeoutMs: Math.round(timeoutMs) }))
  }

  #succeed(output: unknown): void {
    const { guard: { breaker, budget }, resolve } = this.#parts
    this.#done = true
    breaker?.succeed(this.#pass)
    budget.succeed()
    this.#leave()
    resolve(output)
  }

  #failed(error: unknown): void {
    const { call, guard, input } = this.#parts
    // Who has less patience than a call that is left alone tells nothing of the backend, also when the driver itself ended it in time.
    const verdict = verdictOf(error, call.givenUp || (call.ownTimeout && call.remainingMs() < timerSlackMs))
    // Before the next one gets the place: it asks whether the circuit is still closed.
    guard.breaker?.[verdict](this.#pass)
    this.#pass = told
    this.#leave()

    const waitMs = delayMs(guard, this.#attempts, error)
    const again = waitMs !== undefined && waitMs < Math.min(this.#leftMs(), call.remainingMs()) && !call.givenUp && isRepeatable(guard, input)
    // The attempt that opened the circuit is the last one: another would be refused, and cost the budget.
    if (!again || guard.breaker?.state === 'open' || !this.#draw()) {
      this.#fail(error)
      return
    }
    guard.counts.retries.value++
    if (waitMs === 0) this.begin()
    else this.#wait(guard.clock.after(waitMs, () => {
      this.#stopWaiting()
      this.begin()
    }))
  }

  #draw(): boolean {
    const { budget, counts } = this.#parts.guard
    if (budget.draw()) return true
    counts.withheld.value++
    return false
  }

  #fail(error: unknown): void {
    if (this.#done) return
    this.#done = true
    this.#parts.reject(error)
  }

  /** Gives back what the attempt had; whatever it still answers is dropped. */
  #leave(): void {
    const running = this.#running
    if (!running) return
    this.#running = undefined
    if (running !== true) {
      this.#parts.deadlines.end(running)
      running.end()
    }
    this.#bulkhead?.leave()
  }

  /** Waits for a place or a time, and not longer than the caller and the policy do; `giveUp` ends it. */
  #wait(giveUp: () => void): void {
    const { call, deadlines, guard } = this.#parts
    this.#waiting = new Waiting(call, this.#leftMs(), deadlines, (why) => {
      giveUp()
      this.#waiting = undefined
      guard.breaker?.release(this.#pass)
      this.#fail(why === 'late' ? kernelError('CALL_DEADLINE_EXCEEDED', { operation: guard.title, timeoutMs: guard.timeoutMs ?? 0 }) : kernelError('CALL_ABORTED', { operation: guard.title }))
    })
  }

  #stopWaiting(): void {
    this.#waiting?.end()
    this.#waiting = undefined
  }

  #leftMs(): number {
    return this.#endsAtMs === Infinity ? Infinity : Math.max(0, this.#endsAtMs - performance.now())
  }
}
