import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import type { RowQueue } from './driver.ts'

/** What the clocks may differ by, and no job notice: so that ids and ranks of one process stay in their order. */
const toleratedMs = 1_000

/**
 * The backend's time, of which one decides when a job is due, in whatever process: the process's own clock, and how far the backend's was from it when it
 * last answered. Right to within a second; an embedded backend's is the process's own.
 */
export class BackendClock {
  readonly #clock: Clock
  #offsetMs = 0
  #known = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs
  }

  /** The backend's time was `nowMs` at some moment since the process's was `askedMs`. */
  learn(nowMs: number, askedMs: number): void {
    this.#known = true
    const [leastMs, mostMs] = [nowMs - this.#clock.now(), nowMs - askedMs]
    if (this.#offsetMs >= leastMs - toleratedMs && this.#offsetMs <= mostMs + toleratedMs) return
    this.#offsetMs = Math.round((leastMs + mostMs) / 2)
  }

  /** Before anything is decided by it: asks where nobody did yet. */
  async know(driver: Pick<RowQueue, 'due'>, call: Call): Promise<void> {
    if (this.#known) return
    const askedMs = this.#clock.now()
    const { nowMs } = await driver.due(call)
    this.learn(nowMs, askedMs)
  }
}
