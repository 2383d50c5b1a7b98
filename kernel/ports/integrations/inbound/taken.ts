import type { KnownMessage } from './verify.ts'

/** More are known by their jobs alone. */
const maxKept = 10_000

/**
 * What this process took, for as long as the same bytes would pass again: so that a flood of them costs the queue nothing, and
 * one that repeats another attempt than the first is told as well. What must hold across restarts and replicas is the queue's.
 */
export class TakenMessages {
  readonly #untilMs = new Map<string, number>()

  has(message: KnownMessage, nowMs: number): boolean {
    return (this.#untilMs.get(nameOf(message)) ?? -1) >= nowMs
  }

  add(message: KnownMessage, nowMs: number): void {
    for (const [name, untilMs] of this.#untilMs) {
      if (untilMs >= nowMs && this.#untilMs.size < maxKept) break
      this.#untilMs.delete(name)
    }
    this.#untilMs.set(nameOf(message), message.untilMs)
  }
}

function nameOf({ id, nonce }: KnownMessage): string {
  return `${id} ${nonce}`
}
