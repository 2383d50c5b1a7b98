import { randomBytes } from 'node:crypto'
import type { Call, Clock } from '../../kernel/plugin.ts'

/** The call under which one kept call is made: nobody waits for it but the outbox. */
export class ReplayCall implements Call {
  readonly traceId = randomBytes(16).toString('hex')
  readonly text = false
  readonly #controller = new AbortController()
  readonly #endsMs: number
  readonly #cancel: () => void

  constructor(timeoutMs: number, clock: Clock) {
    this.#endsMs = performance.now() + timeoutMs
    this.#cancel = clock.after(timeoutMs, () => this.abort())
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  remainingMs(): number {
    return Math.max(0, this.#endsMs - performance.now())
  }

  abort(): void {
    this.#controller.abort()
  }

  degrade(): void {
    // It is made past the fallbacks.
  }

  /** Takes back its timer. */
  end(): void {
    this.#cancel()
  }
}
