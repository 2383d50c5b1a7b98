import type { Call, Unit } from '../call.ts'
import type { Pending } from './deadlines.ts'

/** The call as one attempt of it: with a deadline of its own, which ends its signal and not the call's. */
export class AttemptCall implements Call, Pending {
  next: Pending | undefined
  previous: Pending | undefined
  timer: NodeJS.Timeout | undefined
  readonly timeoutMs: number
  readonly #call: Call
  readonly #endsAtMs: number
  readonly #onLate: (attempt: AttemptCall) => void
  #controller: AbortController | undefined
  #late = false

  constructor(call: Call, timeoutMs: number, onLate: (attempt: AttemptCall) => void) {
    this.#call = call
    this.timeoutMs = timeoutMs
    this.#endsAtMs = performance.now() + timeoutMs
    this.#onLate = onLate
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      const { signal } = this.#call
      if (this.#late) this.#controller.abort()
      else if (signal.aborted) this.#controller.abort(signal.reason)
      else signal.addEventListener('abort', this.#abort, { once: true })
    }
    return this.#controller.signal
  }

  remainingMs(): number {
    return Math.min(this.#call.remainingMs(), Math.max(0, this.#endsAtMs - performance.now()))
  }

  get subject(): string | undefined {
    return this.#call.subject
  }

  get traceId(): string {
    return this.#call.traceId
  }

  get callId(): string | undefined {
    return this.#call.callId
  }

  get unit(): Unit | undefined {
    return this.#call.unit
  }

  get text(): boolean {
    return this.#call.text
  }

  degrade(): void {
    this.#call.degrade()
  }

  expire(): void {
    this.#late = true
    this.#controller?.abort()
    this.#onLate(this)
  }

  /** Lets go of the call's signal; called once when the attempt has ended. */
  end(): void {
    if (this.#controller) this.#call.signal.removeEventListener('abort', this.#abort)
  }

  readonly #abort = () => this.#controller?.abort(this.#call.signal.reason)
}
