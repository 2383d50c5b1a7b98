interface Waiter {
  readonly begin: () => void
}

/** Lets so many in at a time, in the order they came. mysql2's pool has a queue, too, but no way out of it. */
export class Turns {
  readonly #most: number
  readonly #mostWaiting: number
  #taken = 0
  readonly #waiting = new Set<Waiter>()
  #whenFree: (() => void) | undefined

  constructor(most: number, mostWaiting: number) {
    this.#most = most
    this.#mostWaiting = mostWaiting
  }

  /** Waits for a turn, `waitMs` at most; false when none came, or when too many wait already. */
  take(waitMs: number): Promise<boolean> | true {
    if (this.#taken < this.#most) {
      this.#taken++
      return true
    }
    if (this.#waiting.size >= this.#mostWaiting) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        begin: () => {
          clearTimeout(timer)
          resolve(true)
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter)
        resolve(false)
      }, waitMs)
      this.#waiting.add(waiter)
    })
  }

  /** Ends a turn: whoever waits longest has it next. */
  give(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      return next.begin()
    }
    this.#taken--
    if (this.#taken === 0) this.#whenFree?.()
  }

  /** When every turn has ended. */
  free(): Promise<void> {
    return this.#taken === 0 ? Promise.resolve() : new Promise((resolve) => { this.#whenFree = resolve })
  }
}
