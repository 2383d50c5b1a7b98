const sweepEveryMs = 100

interface Pending {
  remainingMs(): number
}

/**
 * Tells calls that their deadline has passed, one timer for all of them: a timer of its own would cost every call more
 * than the rest of the wrapper. A call is told at most 100 ms late; a call shorter than a second gets its own timer. The
 * timer ends itself when nothing is pending, and holds the process until then: a call in flight is not idle.
 */
export class Deadlines {
  readonly #pending = new Map<Pending, () => void>()
  #sweep: NodeJS.Timeout | undefined

  /** Calls `expire` once when `call` has no time left; answers what ends the watch. */
  watch(call: Pending, expire: () => void): () => void {
    const remainingMs = call.remainingMs()
    if (remainingMs < 1_000) {
      const timer = setTimeout(expire, remainingMs)
      return () => clearTimeout(timer)
    }

    this.#pending.set(call, expire)
    this.#sweep ??= setInterval(() => this.#tick(), sweepEveryMs)
    return () => this.#pending.delete(call)
  }

  #tick(): void {
    if (this.#pending.size === 0) {
      clearInterval(this.#sweep)
      this.#sweep = undefined
      return
    }
    for (const [call, expire] of this.#pending) {
      if (call.remainingMs() > 0) continue
      this.#pending.delete(call)
      expire()
    }
  }
}
