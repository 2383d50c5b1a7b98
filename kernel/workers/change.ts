import type { Clock } from '../clock.ts'
import { sleep } from './sleep.ts'

/** Lets whoever waits look again. */
export class Change {
  #next = new AbortController()

  happened(): void {
    const before = this.#next
    this.#next = new AbortController()
    before.abort()
  }

  /** Answers at the next change, or after `ms`, when they are set. */
  wait(clock: Clock, ms: number | undefined): Promise<void> {
    return sleep(clock, ms, this.#next.signal)
  }
}
