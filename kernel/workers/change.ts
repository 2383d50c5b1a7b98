import type { Clock } from '../clock.ts'

/** Lets whoever waits look again. */
export class Change {
  readonly #waiting = new Set<() => void>()

  happened(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Answers at the next change, or after `ms`, when they are set. */
  wait(clock: Clock, ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        takeBack()
        this.#waiting.delete(wake)
        resolve()
      }
      const takeBack = ms === undefined ? () => {} : clock.after(ms, wake)
      this.#waiting.add(wake)
    })
  }
}
