import { performance } from 'node:perf_hooks'
import type { CallOptions } from '../call.ts'
import { isPorticoError, kernelError, type PorticoError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AnyPort, Operation } from '../ports/definition.ts'
import { OperationCall } from './call.ts'
import type { Deadlines } from './deadlines.ts'
import { fallBack } from './fallback.ts'
import type { OperationCounts } from './instruments.ts'
import { lateError } from './repeatable.ts'
import type { Generation, Run, SwapPoint } from './swap-point.ts'
import { waitsMs } from './waits.ts'

/** What the calls of an operation share. */
export interface CallParts {
  readonly port: AnyPort
  readonly binding: string
  readonly name: string
  readonly operation: Operation
  readonly point: SwapPoint
  readonly deadlines: Deadlines
  readonly counts: OperationCounts
  readonly log: Log
}

/** One call from its start to its one outcome; whatever comes after the deadline is dropped. */
export class RunningCall extends OperationCall {
  readonly #parts: CallParts
  readonly #generation: Generation | undefined
  /** Of a call that has to be waited for. */
  #reject: ((error: unknown) => void) | undefined
  #ended = false

  constructor(parts: CallParts, input: unknown, options: CallOptions | undefined) {
    super(options, waitsMs(parts.operation, input))
    this.#parts = parts
    this.#generation = parts.point.current
    this.#generation?.enter()
    parts.counts.inFlight++
  }

  attempt(input: unknown): unknown {
    const attempts = this.#generation?.attempts(this.#parts.name)
    if (!attempts) throw kernelError('BINDING_UNAVAILABLE', { binding: this.#parts.binding })
    const [first] = attempts
    return attempts.length === 1 ? this.make(first.run, input) : fallBack(this.#parts, attempts, (run) => this.make(run, input), input, this)
  }

  /** Makes the call of the driver itself: here is what a policy is composed round. */
  make(run: Run, input: unknown): unknown {
    return run(input, this)
  }

  /** The call's outcome; an answer that is at hand needs no watch, and costs its caller one turn. */
  follow(answer: unknown): Promise<unknown> {
    if (!isThenable(answer)) {
      this.#succeeded()
      return Promise.resolve(answer)
    }
    return new Promise((resolve, reject) => {
      this.#reject = reject
      this.#parts.deadlines.watch(this, this.timeoutMs)
      Promise.resolve(answer).then((output: unknown) => { if (this.#succeeded()) resolve(output) }, (error: unknown) => { this.#fail(error) })
    })
  }

  /** The outcome of a call that failed before it could be waited for. */
  refuse(error: unknown): Promise<never> {
    return Promise.reject(this.#failed(error))
  }

  override expire(): void {
    super.expire()
    this.#fail(lateError(this.harmless, { operation: titleOf(this.#parts), timeoutMs: this.timeoutMs }))
  }

  /** Whether the call may be made again though nobody knows what became of it. */
  get harmless(): boolean {
    const { effect, idempotent } = this.#parts.operation
    return effect === 'read' || idempotent === true
  }

  #succeeded(): boolean {
    if (this.#ended) return false
    this.#end()
    this.#parts.counts.succeeded++
    return true
  }

  #fail(error: unknown): void {
    if (!this.#ended) this.#reject?.(this.#failed(error))
  }

  #failed(error: unknown): PorticoError {
    this.#end()
    const failure = toFailure(error, titleOf(this.#parts), this, this.#parts.log)
    this.#parts.counts.fail(failure.code)
    return failure
  }

  #end(): void {
    this.#ended = true
    const { counts, deadlines } = this.#parts
    if (this.#reject) deadlines.end(this)
    this.#generation?.leave()
    counts.inFlight--
    counts.observe(performance.now() - this.startedMs)
    if (this.degraded) counts.degraded++
    this.end()
  }
}

export function titleOf({ binding, name }: Pick<CallParts, 'binding' | 'name'>): string {
  return `${binding}.${name}`
}

function toFailure(error: unknown, title: string, call: OperationCall, log: Log): PorticoError {
  if (isPorticoError(error)) return error
  log.error({ err: error, operation: title, traceId: call.traceId }, 'unexpected error')
  return kernelError('KERNEL_BUG', { where: title }, { cause: error })
}

/** Also a promise that is not Node's own, as some SDKs have: it is waited for like any other. */
function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return answer instanceof Promise || (typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function')
}
