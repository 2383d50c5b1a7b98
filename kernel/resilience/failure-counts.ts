import type { Clock } from '../clock.ts'

/** Counts outcomes while a circuit is closed. */
export interface FailureCount {
  succeed(): void
  /** True when that was one too many. */
  fail(): boolean
  clear(): void
}

export class ConsecutiveFailures implements FailureCount {
  readonly #limit: number
  #failures = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  succeed(): void {
    this.#failures = 0
  }

  fail(): boolean {
    return ++this.#failures >= this.#limit
  }

  clear(): void {
    this.#failures = 0
  }
}

const slices = 10

/** The share of failures over the last `windowMs`, counted in ten slices: what leaves the window leaves it a slice at a time. */
export class FailureRate implements FailureCount {
  readonly #rateShare: number
  readonly #minCalls: number
  readonly #sliceMs: number
  readonly #clock: Clock
  readonly #calls = new Array<number>(slices).fill(0)
  readonly #failures = new Array<number>(slices).fill(0)
  /** The slice that time is in, counted from the epoch. */
  #slice: number

  constructor({ rateShare, windowMs, minCalls }: { readonly rateShare: number; readonly windowMs: number; readonly minCalls: number }, clock: Clock) {
    this.#rateShare = rateShare
    this.#minCalls = minCalls
    this.#sliceMs = Math.max(1, windowMs / slices)
    this.#clock = clock
    this.#slice = this.#now()
  }

  succeed(): void {
    this.#add(0)
  }

  fail(): boolean {
    this.#add(1)
    const calls = sum(this.#calls)
    return calls >= this.#minCalls && sum(this.#failures) >= this.#rateShare * calls
  }

  clear(): void {
    this.#calls.fill(0)
    this.#failures.fill(0)
  }

  #add(failures: number): void {
    this.#turn()
    const index = this.#slice % slices
    this.#calls[index] = (this.#calls[index] ?? 0) + 1
    this.#failures[index] = (this.#failures[index] ?? 0) + failures
  }

  /** Empties the slices that time has left behind since the last outcome; all of them after a long silence, or a clock set back. */
  #turn(): void {
    const now = this.#now()
    const passed = now - this.#slice
    if (passed === 0) return
    if (passed < 0 || passed >= slices) this.clear()
    else for (let slice = this.#slice + 1; slice <= now; slice++) this.#calls[slice % slices] = this.#failures[slice % slices] = 0
    this.#slice = now
  }

  #now(): number {
    return Math.floor(this.#clock.now() / this.#sliceMs)
  }
}

function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
