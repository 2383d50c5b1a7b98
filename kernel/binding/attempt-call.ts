import { whenAborted, type Call, type Unit } from '../call.ts'
import type { OperationCall } from './call.ts'
import type { Pending } from './deadlines.ts'

/** The call as one attempt of it: with a deadline of its own, which ends its signal and not the call's. */
export class AttemptCall implements Call, Pending {
  next: Pending | undefined
  previous: Pending | undefined
  timer: NodeJS.Timeout | undefined
  readonly timeoutMs: number
  readonly #call: OperationCall
  readonly #endsAtMs: number
  readonly #onLate: (attempt: AttemptCall) => void
  #controller: AbortController | undefined
  #listener: (() => void) | undefined
  #follows = false
  #late = false

  constructor(call: OperationCall, timeoutMs: number, onLate: (attempt: AttemptCall) => void) {
    this.#call = call
    this.timeoutMs = timeoutMs
    this.#endsAtMs = performance.now() + timeoutMs
    this.#onLate = onLate
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#late) this.#controller.abort()
      else this.#follow()
    }
    return this.#controller.signal
  }

  onAbort(listener: () => void): void {
    if (this.#controller || this.#listener || this.#late) return whenAborted({ signal: this.signal }, listener)
    this.#listener = listener
    this.#follow()
  }

  offAbort(listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined
    else this.#controller?.signal.removeEventListener('abort', listener)
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
    this.#tell()
    this.#onLate(this)
  }

  /** Lets go of the call; called once when the attempt has ended. */
  end(): void {
    if (this.#follows) this.#call.offAbort(this.#aborted)
  }

  #follow(): void {
    if (this.#follows) return
    this.#follows = true
    this.#call.onAbort(this.#aborted)
  }

  #tell(): void {
    const listener = this.#listener
    this.#listener = undefined
    listener?.()
  }

  readonly #aborted = () => {
    this.#controller?.abort(this.#call.signal.reason)
    this.#tell()
  }
}
