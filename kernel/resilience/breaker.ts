import type { Clock } from '../clock.ts'
import { ConsecutiveFailures, FailureRate, type FailureCount } from './failure-counts.ts'
import type { BreakerRules } from './rules.ts'

export type CircuitState = 'closed' | 'open' | 'half-open'

/** What a call that was let through tells its outcome with. */
export type Pass = number

/**
 * Keeps calls away from a backend that fails. Closed, every call goes through and its outcome counts; open, none does; once
 * `openFor` is over it is half-open: one call goes through as a trial, and its outcome closes the circuit or opens it anew.
 * A call tells its outcome under the pass that it entered with: one that outlived its state tells nothing of the next.
 * Only who has a backend's failure in hand calls `fail`; what tells nothing of the backend is `release`.
 */
export class Breaker {
  readonly #openForMs: number
  readonly #count: FailureCount
  readonly #clock: Clock
  readonly #onChange: (to: CircuitState, from: CircuitState) => void
  #state: CircuitState = 'closed'
  #openedAtMs = 0
  /** The pass of the present state; each change of state makes a new one. */
  #pass: Pass = 1
  #trying = false

  constructor(rules: BreakerRules, clock: Clock, onChange: (to: CircuitState, from: CircuitState) => void = () => undefined) {
    this.#openForMs = rules.openForMs
    this.#count = 'failures' in rules ? new ConsecutiveFailures(rules.failures) : new FailureRate(rules, clock)
    this.#clock = clock
    this.#onChange = onChange
  }

  get state(): CircuitState {
    return this.#state
  }

  /** How long the circuit stays open from now on; 0 when a call may try, or is trying. */
  get openMs(): number {
    if (this.#state !== 'open') return 0
    const nowMs = this.#clock.now()
    // A wall clock that was set back would keep the circuit open for as long as that.
    if (nowMs < this.#openedAtMs) this.#openedAtMs = nowMs
    return Math.max(0, this.#openedAtMs + this.#openForMs - nowMs)
  }

  /** The pass of a call that may go, to be given back with its outcome; undefined when it may not. */
  enter(): Pass | undefined {
    if (this.#state === 'closed') return this.#pass
    if (this.#state === 'open' && this.openMs === 0) this.#become('half-open')
    if (this.#state !== 'half-open' || this.#trying) return undefined
    this.#trying = true
    return this.#pass
  }

  /** Whether the pass is still worth something: a call that waited elsewhere asks before it goes on. */
  isCurrent(pass: Pass): boolean {
    return pass === this.#pass
  }

  succeed(pass: Pass): void {
    if (pass !== this.#pass) return
    if (this.#state === 'closed') this.#count.succeed()
    else this.#become('closed')
  }

  fail(pass: Pass): void {
    if (pass !== this.#pass) return
    if (this.#state !== 'closed' || this.#count.fail()) this.#become('open')
  }

  /** A call that ended and tells nothing of the backend; of a trial the next call makes another. */
  release(pass: Pass): void {
    if (pass === this.#pass) this.#trying = false
  }

  /** Forgets what it knew: there is another backend now. */
  reset(): void {
    if (this.#state === 'closed') {
      this.#count.clear()
      this.#pass++
    } else {
      this.#become('closed')
    }
  }

  #become(to: CircuitState): void {
    const from = this.#state
    this.#state = to
    this.#pass++
    this.#trying = false
    this.#count.clear()
    if (to === 'open') this.#openedAtMs = this.#clock.now()
    this.#onChange(to, from)
  }
}
