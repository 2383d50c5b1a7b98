import type { Clock } from '../../clock.ts'

interface Wait {
  readonly endsAtMs: number
  readonly late: () => void
}

/** The answer did not come in time. */
export class Late extends Error {
  constructor(timeoutMs: number) {
    super(`no answer in ${timeoutMs} ms`)
    this.name = 'Late'
  }
}

/** Ends what takes longer than one time that is the same for all: they end in the order they began, and one timer is enough. */
export class Patience {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #waits = new Set<Wait>()
  #armed = false

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  /** The answer, when it comes in time. @throws what `answer` throws, and Late when it is. */
  wait<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait = { endsAtMs: this.#clock.now() + this.#timeoutMs, late: () => reject(new Late(this.#timeoutMs)) }
      this.#waits.add(wait)
      if (!this.#armed) this.#arm(this.#timeoutMs)
      const end = <A>(tell: (outcome: A) => void) => (outcome: A): void => {
        this.#waits.delete(wait)
        tell(outcome)
      }
      answer.then(end(resolve), end(reject))
    })
  }

  #arm(delayMs: number): void {
    this.#armed = true
    // After a turn in which something else took long, answers that came in time lie in their sockets still: they are read first.
    this.#clock.after(delayMs, () => setImmediate(() => this.#end()))
  }

  #end(): void {
    const nowMs = this.#clock.now()
    this.#armed = false
    for (const wait of this.#waits) {
      if (wait.endsAtMs > nowMs) return this.#arm(wait.endsAtMs - nowMs)
      this.#waits.delete(wait)
      wait.late()
    }
  }
}
