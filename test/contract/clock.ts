import type { Clock } from '../../kernel/plugin.ts'

interface Timer {
  readonly atMs: number
  readonly task: () => void
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  /** How far a time that was told may be from the one expected. */
  readonly toleranceMs = 0
  #nowMs: number
  readonly #timers = new Set<Timer>()

  constructor(startMs = Date.UTC(2026, 10, 21, 10)) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), task }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves on by `ms`, and runs what comes due on the way at its own time, the earliest first. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.task()
      // What the task began goes on before time does.
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (timer.atMs <= untilMs && (!first || timer.atMs < first.atMs)) first = timer
    return first
  }
}

/** For a backend that has a time of its own: `now` goes on by hand, and `advance` waits as long, so that both go on alike. */
export class SteppedClock implements Clock {
  /** Calls take their time, and a server's clock is its own. */
  readonly toleranceMs = 2_000
  #nowMs = Date.now()

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = setTimeout(task, Math.min(delayMs, 2 ** 31 - 1))
    timer.unref()
    return () => clearTimeout(timer)
  }

  /** A little more than `ms`: a server's clock may count whole milliseconds. */
  async advance(ms: number): Promise<void> {
    this.#nowMs += ms
    await new Promise((resolve) => setTimeout(resolve, ms + 1))
  }
}
