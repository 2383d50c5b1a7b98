import type { Unit } from './binding/unit.ts'

/** What every operation of a port is given beside its input. */
export interface Call {
  /** Aborts when the caller gives up or the deadline passes; made on first use. */
  readonly signal: AbortSignal
  /** Milliseconds left until the deadline, at least 0. Drivers hand it to their SDK. */
  remainingMs(): number
  /** Who calls, once identity is configured. */
  readonly subject?: string | undefined
  readonly traceId: string
  /** The unit of work this call is staged in. */
  readonly unit?: Unit | undefined
  /** True when the caller takes stored JSON as text (`JsonText`). */
  readonly text: boolean
  /** Marks the answer as one that a fallback, or a backend that is down, gave. */
  degrade(): void
}

/** What a caller may say beside the input of an operation. */
export interface CallOptions {
  readonly signal?: AbortSignal
  /** The whole call's deadline in milliseconds; 30,000 unless set. */
  readonly timeoutMs?: number
  readonly subject?: string | undefined
  readonly traceId?: string
  readonly unit?: Unit | undefined
  readonly text?: boolean
  /** Told once when the answer is degraded. */
  readonly onDegraded?: () => void
}
