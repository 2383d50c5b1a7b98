import type { Call } from '../call.ts'
import type { Probed } from './binding.ts'

/** What makes one call of one operation: it answers at once or later. */
export type Run = (input: unknown, call: Call) => unknown

/** One driver's implementation of an operation. */
export interface Attempt {
  readonly run: Run
  /** The port's meaning over the driver. */
  readonly face: object
  /** Of a fallback: the causes that it is for; all of them unless set. */
  readonly when?: readonly string[]
}

/** An operation of the driver, then of each fallback in order. */
export type Attempts = readonly [Attempt, ...Attempt[]]

/** A port's meaning over one driver: its operations, and what it offers in process. */
export interface Implementation {
  readonly plugin: { readonly name: string; readonly version: string }
  readonly face: Readonly<Record<string, unknown>>
  /** Of a fallback: see `Attempt.when`. */
  readonly when?: readonly string[]
  /** The driver, for its probe. */
  readonly probed: Probed
}

/** A driver and its fallbacks in order, with the calls that are in flight on them. */
export class Generation {
  readonly implementations: readonly [Implementation, ...Implementation[]]
  readonly #attempts = new Map<string, Attempts>()
  #inFlight = 0
  #whenIdle: (() => void) | undefined

  constructor(implementations: readonly [Implementation, ...Implementation[]]) {
    this.implementations = implementations
  }

  attempts(operation: string): Attempts {
    let attempts = this.#attempts.get(operation)
    if (!attempts) {
      const [first, ...fallbacks] = this.implementations
      attempts = [attemptOf(first, operation), ...fallbacks.map((one) => attemptOf(one, operation))]
      this.#attempts.set(operation, attempts)
    }
    return attempts
  }

  enter(): void {
    this.#inFlight++
  }

  leave(): void {
    if (--this.#inFlight === 0) this.#whenIdle?.()
  }

  /** Answers when no call is in flight; meant for a generation that gets no new ones. */
  async idle(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
  }
}

function attemptOf({ face, when }: Implementation, operation: string): Attempt {
  // definePort holds an implementation to its operations, each of them a method of this shape.
  const run = (face[operation] as Attempt['run']).bind(face)
  return when ? { run, face, when } : { run, face }
}

/** Holds the current generation of a binding; a call ends on the one it began with. */
export class SwapPoint {
  #current: Generation | undefined
  readonly #onSwap: () => void

  /** Without a first generation the binding is unavailable until one is swapped in. */
  constructor(first?: Generation, onSwap: () => void = () => undefined) {
    this.#current = first
    this.#onSwap = onSwap
  }

  /** Undefined once the binding is closed. */
  get current(): Generation | undefined {
    return this.#current
  }

  /** Puts the next generation in place and answers the old one, to be closed when it is idle. */
  swap(next: Generation): Generation | undefined {
    const old = this.#current
    this.#current = next
    this.#onSwap()
    return old
  }

  close(): Generation | undefined {
    const last = this.#current
    this.#current = undefined
    return last
  }
}
