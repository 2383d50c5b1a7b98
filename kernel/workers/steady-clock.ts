import type { Clock } from '../clock.ts'

/**
 * A time that never goes back, for measuring how long something takes: when the system's clock is set back, it goes on from
 * where it was. When that is set forward, or the process was stopped, it jumps: nobody can tell the two apart.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock
  #lastMs: number
  #aheadMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastMs = clock.now()
  }

  now(): number {
    const nowMs = this.#clock.now() + this.#aheadMs
    if (nowMs < this.#lastMs) return this.#reach(this.#lastMs)
    return (this.#lastMs = nowMs)
  }

  after(delayMs: number, task: () => void): () => void {
    const atMs = this.now() + delayMs
    return this.#clock.after(delayMs, () => {
      // So much has passed, whatever the system's clock says.
      if (this.now() < atMs) this.#reach(atMs)
      task()
    })
  }

  #reach(atMs: number): number {
    this.#aheadMs = atMs - this.#clock.now()
    return (this.#lastMs = atMs)
  }
}
