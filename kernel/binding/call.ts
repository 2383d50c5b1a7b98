import { randomBytes, randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { whenAborted, type Call, type CallOptions } from '../call.ts'
import type { Pending } from './deadlines.ts'
import type { Unit } from './unit.ts'

/** A call's deadline unless its caller names another. */
export const defaultTimeoutMs = 30_000

/** The call of one operation; its signal is made only when somebody asks for it. */
export class OperationCall implements Call, Pending {
  next: Pending | undefined
  previous: Pending | undefined
  timer: NodeJS.Timeout | undefined
  /** As `performance.now()` counts. */
  readonly startedMs = performance.now()
  readonly timeoutMs: number
  readonly text: boolean
  /** True once a fallback or a backend that is down gave the answer. */
  degraded = false
  readonly #options: CallOptions | undefined
  #controller: AbortController | undefined
  /** Who wants to know that it aborted while there is no signal. */
  #listener: (() => void) | undefined
  #expired = false
  /** What hears the caller's signal. */
  #heard: (() => void) | undefined
  #traceId: string | undefined
  #callId: string | undefined

  constructor(options: CallOptions | undefined, waitsMs: number) {
    this.#options = options
    this.timeoutMs = (options?.timeoutMs ?? defaultTimeoutMs) + waitsMs
    this.text = options?.text ?? false
  }

  get subject(): string | undefined {
    return this.#options?.subject
  }

  get unit(): Unit | undefined {
    return this.#options?.unit
  }

  get traceId(): string {
    return (this.#traceId ??= this.#options?.traceId ?? randomBytes(16).toString('hex'))
  }

  get callId(): string {
    return (this.#callId ??= randomUUID())
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#expired) this.#controller.abort()
      const outer = this.#options?.signal
      if (outer?.aborted) this.#controller.abort(outer.reason)
      else if (outer) outer.addEventListener('abort', (this.#heard = () => this.#controller?.abort(outer.reason)), { once: true })
    }
    return this.#controller.signal
  }

  onAbort(listener: () => void): void {
    const isAlone = !this.#controller && !this.#options?.signal && !this.#listener
    if (isAlone && !this.#expired) this.#listener = listener
    else whenAborted({ signal: this.signal }, listener)
  }

  offAbort(listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined
    else this.#controller?.signal.removeEventListener('abort', listener)
  }

  remainingMs(): number {
    return Math.max(0, this.startedMs + this.timeoutMs - performance.now())
  }

  degrade(): void {
    if (this.degraded) return
    this.degraded = true
    this.#options?.onDegraded?.()
  }

  /** Ends the call for its driver: the deadline has passed. */
  expire(): void {
    this.#expired = true
    this.#controller?.abort()
    const listener = this.#listener
    this.#listener = undefined
    listener?.()
  }

  /** Whether the caller itself gave up. */
  get givenUp(): boolean {
    return this.#options?.signal?.aborted ?? false
  }

  /** Whether its time is the caller's own choice. */
  get ownTimeout(): boolean {
    return this.#options?.timeoutMs !== undefined
  }

  /** Lets go of the caller's signal; called once when the call has ended. */
  end(): void {
    if (this.#heard) this.#options?.signal?.removeEventListener('abort', this.#heard)
  }
}
