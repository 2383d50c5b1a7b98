import type { OperationCall } from './call.ts'
import type { Deadlines, Pending } from './deadlines.ts'

/** A call that waits before it is made: ended by its caller, by its deadline, or by the policy's time. */
export class Waiting implements Pending {
  next: Pending | undefined
  previous: Pending | undefined
  timer: NodeJS.Timeout | undefined
  readonly #call: OperationCall
  readonly #endsAtMs: number
  readonly #deadlines: Deadlines
  readonly #onGone: (why: 'aborted' | 'late') => void

  constructor(call: OperationCall, leftMs: number, deadlines: Deadlines, onGone: (why: 'aborted' | 'late') => void) {
    this.#call = call
    this.#endsAtMs = performance.now() + leftMs
    this.#deadlines = deadlines
    this.#onGone = onGone
    call.signal.addEventListener('abort', this.#aborted, { once: true })
    if (leftMs !== Infinity) deadlines.watch(this, leftMs)
  }

  remainingMs(): number {
    return Math.max(0, this.#endsAtMs - performance.now())
  }

  expire(): void {
    this.end()
    this.#onGone('late')
  }

  end(): void {
    this.#deadlines.end(this)
    this.#call.signal.removeEventListener('abort', this.#aborted)
  }

  readonly #aborted = (): void => {
    this.end()
    this.#onGone('aborted')
  }
}
