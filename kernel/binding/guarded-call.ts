import type { CallOptions } from '../call.ts'
import type { Guard } from './guard.ts'
import { GuardedRun } from './guarded-run.ts'
import { isRepeatable } from './repeatable.ts'
import { RunningCall, type CallParts } from './running-call.ts'
import type { Run } from './swap-point.ts'

export interface GuardedParts extends CallParts {
  /** The guard that an input calls for; undefined for one that no policy can know. */
  readonly guards: ((input: unknown) => Guard | undefined) | undefined
  readonly around: ((run: Run) => Run) | undefined
}

/** A call whose driver is reached through the binding's policy, and through the chaos that is rehearsed. */
export class GuardedCall extends RunningCall {
  readonly #parts: GuardedParts
  readonly #input: unknown
  #run: GuardedRun | undefined

  constructor(parts: GuardedParts, input: unknown, options: CallOptions | undefined) {
    super(parts, input, options)
    this.#parts = parts
    this.#input = input
  }

  override make(run: Run, input: unknown): unknown {
    const { guards, around, deadlines } = this.#parts
    const made = around ? around(run) : run
    const guard = guards?.(input)
    if (!guard) return made(input, this)
    return new Promise((resolve, reject) => {
      this.#run = new GuardedRun({ guard, run: made, input, call: this, deadlines, resolve, reject })
      this.#run.begin()
    })
  }

  override expire(): void {
    super.expire()
    this.#run?.abandon()
  }

  override get harmless(): boolean {
    return isRepeatable(this.#parts.guards?.(this.#input) ?? this.#parts.operation, this.#input)
  }
}
