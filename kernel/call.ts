/** What every operation of a port is given beside its input. */
export interface Call {
  /** Aborts when the caller gives up or the deadline passes; made on first use. */
  readonly signal: AbortSignal
  /**
   * Tells `listener` once when the signal aborts, at once when it has. For who needs no signal to hand on: one is not made, and
   * made for every call it costs more than the rest of the binding. Absent where there is only the signal: `whenAborted` knows both.
   */
  onAbort?(listener: () => void): void
  /** Takes back what `onAbort` was given. */
  offAbort?(listener: () => void): void
  /** Milliseconds left until the deadline, at least 0. Drivers hand it to their SDK. */
  remainingMs(): number
  /** Who calls, once identity is configured. */
  readonly subject?: string | undefined
  readonly traceId: string
  /** Names this call alone: the same in each of its attempts and in its fallbacks. Absent where the kernel itself calls. */
  readonly callId?: string | undefined
  /** The unit of work this call is staged in. */
  readonly unit?: Unit | undefined
  /** True when the caller takes stored JSON as text (`JsonText`). */
  readonly text: boolean
  /** Marks the answer as one that a fallback, or a backend that is down, gave. */
  degrade(): void
}

/** What can tell that nobody waits any more: a call, or where there is none its signal. */
export type Abortable = Pick<Call, 'signal' | 'onAbort' | 'offAbort'>

/** Tells `listener` once when the call aborts, at once when it has; `forgetAbort` takes it back. */
export function whenAborted(call: Abortable, listener: () => void): void {
  if (call.onAbort) call.onAbort(listener)
  else if (call.signal.aborted) listener()
  else call.signal.addEventListener('abort', listener, { once: true })
}

export function forgetAbort(call: Abortable, listener: () => void): void {
  if (call.offAbort) call.offAbort(listener)
  else call.signal.removeEventListener('abort', listener)
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

/** Why the connection refused a batch: the step that failed, and how. */
export interface Refusal {
  /** Index of the refused step in the batch. */
  readonly step: number
  /**
   * `count`: the step changed another number of rows than it demands · `unique`: a unique index refused it · `rule`: a rule
   * of the backend's own did, such as a foreign key.
   */
  readonly reason: 'count' | 'unique' | 'rule'
  /** The unique index, where the backend tells. */
  readonly index?: string
  /** The rule, in a few words. */
  readonly rule?: string
}

/** What commits a batch of steps, all or nothing; one per connection, compared by identity. */
export interface Commits<Step> {
  /** Answers when the batch is durable, or says which step was refused and that nothing was applied. */
  commit(steps: readonly Step[], call: Call): Promise<Refusal | undefined>
}

/** One binding's part of a unit: what it staged. */
export interface Stage<Step> {
  readonly binding: string
  /** The staged entries as steps of the connection; asked once for each attempt to commit. */
  steps(call: Call): readonly Step[] | Promise<readonly Step[]>
  /** The error that a refusal of one of these steps means to the caller; `step` counts within this stage. */
  refused(refusal: Refusal, call: Call): Error | Promise<Error>
  /** What it means to the caller that the commit itself failed; asked of the binding that joined first. */
  failed?(error: unknown): unknown
  /** Told once the batch is durable. */
  committed?(): void
  /** Waited for before the commit is answered, once the batch is durable, or may be, for nobody knows what became of it. It must not throw. */
  settled?(): Promise<void> | undefined
}

/** An explicit value that several bindings on one connection stage entries in; see DESIGN 5. */
export interface Unit {
  /**
   * The stage of `binding` in this unit, made at its first use.
   * @throws UNIT_OF_WORK_FOREIGN when an earlier binding of the unit stands on another connection.
   * @throws UNIT_OF_WORK_ENDED after `commit`.
   */
  join<Step, T extends Stage<Step>>(commits: Commits<Step>, binding: string, make: () => T): T
  /** True once all that was staged is durable. */
  readonly committed: boolean
}
