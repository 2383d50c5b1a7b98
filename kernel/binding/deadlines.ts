const sweepEveryMs = 100
const ownTimerBelowMs = 1_000

/**
 * Something that has to end by a time. It carries its own place in the list of what is pending: a set's entry for each
 * call would cost more than the rest of its deadline.
 */
export interface Pending {
  /** The list's own; undefined while it is in none. */
  next: Pending | undefined
  previous: Pending | undefined
  timer: NodeJS.Timeout | undefined
  remainingMs(): number
  /** Told once when no time is left. */
  expire(): void
}

/** Where the list begins and ends; it never expires. */
class Ends implements Pending {
  next: Pending = this
  previous: Pending = this
  timer: undefined

  remainingMs(): number {
    return Infinity
  }

  expire(): void {}
}

/**
 * Tells calls that their deadline has passed, one timer for all of them: a timer of its own would cost every call more
 * than the rest of the wrapper. A call is told at most 100 ms late; a call shorter than a second gets its own timer. The
 * timer ends itself when nothing is pending, and holds the process until then: a call in flight is not idle.
 */
export class Deadlines {
  readonly #ends = new Ends()
  #sweep: NodeJS.Timeout | undefined

  watch(pending: Pending, timeoutMs: number): void {
    if (timeoutMs < ownTimerBelowMs) {
      pending.timer = setTimeout(() => pending.expire(), timeoutMs)
      return
    }
    const last = this.#ends.previous
    pending.previous = last
    pending.next = this.#ends
    last.next = pending
    this.#ends.previous = pending
    this.#sweep ??= setInterval(() => this.#tick(), sweepEveryMs)
  }

  /** Ends the watch; one that has ended already is no matter. */
  end(pending: Pending): void {
    if (pending.timer) clearTimeout(pending.timer)
    const { next, previous } = pending
    if (!next || !previous) return
    previous.next = next
    next.previous = previous
    pending.next = pending.previous = undefined
  }

  #tick(): void {
    for (let pending: Pending = this.#ends.next; pending !== this.#ends;) {
      const { next } = pending
      if (pending.remainingMs() === 0) {
        this.end(pending)
        pending.expire()
      }
      // An expiry ends only its own call at once: callers learn of it in a later microtask.
      pending = next ?? this.#ends
    }
    if (this.#ends.next !== this.#ends) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}
