import type { BulkheadRules } from './rules.ts'

/** Told once that it has a place; false when it has no more use for it. */
export type Waiter = () => boolean

/** So many calls at once, and so many that wait for their turn in the order they came. */
export class Bulkhead {
  readonly concurrent: number
  readonly queued: number
  #inFlight = 0
  readonly #waiting = new Set<Waiter>()

  constructor({ concurrent, queued }: BulkheadRules) {
    this.concurrent = concurrent
    this.queued = queued
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Takes a place, to be left with `leave`; false when there is none free. */
  enter(): boolean {
    if (this.#inFlight >= this.concurrent) return false
    this.#inFlight++
    return true
  }

  /** Queues up for a place; false when the queue is full. */
  wait(waiter: Waiter): boolean {
    if (this.#waiting.size >= this.queued) return false
    this.#waiting.add(waiter)
    return true
  }

  /** Leaves the queue: who has given up holds no place in it. */
  giveUp(waiter: Waiter): void {
    this.#waiting.delete(waiter)
  }

  /** Gives a place back, or to whoever has waited longest. */
  leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      if (next()) return
    }
    this.#inFlight--
  }
}
