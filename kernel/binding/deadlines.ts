const sweepEveryMs = 100
const ownTimerBelowMs = 1_000

/** Something that has to end by a time. */
export interface Pending {
  remainingMs(): number
  /** Told once when no time is left. */
  expire(): void
}

/**
 * Tells calls that their deadline has passed, one timer for all of them: a timer of its own would cost every call more
 * than the rest of the wrapper. A call is told at most 100 ms late; a call shorter than a second gets its own timer. The
 * timer ends itself when nothing is pending, and holds the process until then: a call in flight is not idle.
 */
export class Deadlines {
  readonly #pending = new Set<Pending>()
  readonly #timers = new Map<Pending, NodeJS.Timeout>()
  #sweep: NodeJS.Timeout | undefined

  watch(pending: Pending, timeoutMs: number): void {
    if (timeoutMs < ownTimerBelowMs) {
      this.#timers.set(pending, setTimeout(() => this.#expire(pending), timeoutMs))
      return
    }
    this.#pending.add(pending)
    this.#sweep ??= setInterval(() => this.#tick(), sweepEveryMs)
  }

  /** Ends the watch; one that has ended already is no matter. */
  end(pending: Pending): void {
    if (this.#pending.delete(pending)) return
    clearTimeout(this.#timers.get(pending))
    this.#timers.delete(pending)
  }

  #expire(pending: Pending): void {
    this.end(pending)
    pending.expire()
  }

  #tick(): void {
    for (const pending of this.#pending) if (pending.remainingMs() === 0) this.#expire(pending)
    if (this.#pending.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}
