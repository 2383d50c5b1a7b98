const minHoldMs = 1_000
const maxHoldMs = 3_600_000
/** The longest hold that is not asked for. */
const maxOwnHoldMs = 60_000

/** How many jobs may be taken: all that the worker has room for, none while it is held, and then one at first, doubled with each that is done. */
export class Pace {
  readonly #max: number
  #limit: number
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #strikes = 0

  constructor(max: number) {
    this.#max = max
    this.#limit = max
  }

  free(running: number, nowMs: number): number {
    return nowMs < this.#heldUntilMs ? 0 : Math.max(0, this.#limit - running)
  }

  /** How long none is taken; 0 when it is not held. */
  heldForMs(nowMs: number): number {
    return Math.max(0, this.#heldUntilMs - nowMs)
  }

  /** Until as many are taken as there is room for. */
  get slowed(): boolean {
    return this.#strikes > 0 || this.#limit < this.#max
  }

  /** Takes none for as long as was asked for, an hour at most; unless it was, longer each time. `random` is in [0, 1). */
  slow(nowMs: number, retryAfterMs: number | undefined, random: number): void {
    // Of those that were under way when the first one said it.
    if (nowMs < this.#heldUntilMs && retryAfterMs === undefined) return
    this.#strikes++
    const own = Math.min(maxOwnHoldMs, minHoldMs * 2 ** Math.min(10, this.#strikes)) * (0.5 + random / 2)
    const holdMs = Math.min(maxHoldMs, Math.max(minHoldMs, retryAfterMs ?? own))
    this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + holdMs)
    this.#limit = 1
  }

  went(): void {
    this.#strikes = 0
    this.#limit = Math.min(this.#max, this.#limit * 2)
  }
}
