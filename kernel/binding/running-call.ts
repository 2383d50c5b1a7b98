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
  readonly #resolve: (output: unknown) => void
  readonly #reject: (error: unknown) => void
  #ended = false

  constructor(parts: CallParts, input: unknown, options: CallOptions | undefined, resolve: (output: unknown) => void, reject: (error: unknown) => void) {
    super(options, waitsMs(parts.operation, input))
    this.#parts = parts
    this.#generation = parts.point.current
    this.#resolve = resolve
    this.#reject = reject
    this.#generation?.enter()
    parts.counts.inFlight++
  }

  attempt(input: unknown): Promise<unknown> {
    const attempts = this.#generation?.attempts(this.#parts.name)
    if (!attempts) throw kernelError('BINDING_UNAVAILABLE', { binding: this.#parts.binding })
    const [first] = attempts
    return attempts.length === 1 ? this.make(first.run, input) : fallBack(this.#parts, attempts, (run) => this.make(run, input), input, this)
  }

  /** Makes the call of the driver itself: here is what a policy is composed round. */
  make(run: Run, input: unknown): Promise<unknown> {
    return run(input, this)
  }

  follow(answer: Promise<unknown>): void {
    this.#parts.deadlines.watch(this, this.timeoutMs)
    answer.then((output) => this.succeed(output), (error: unknown) => this.fail(error))
  }

  succeed(output: unknown): void {
    if (!this.#end()) return
    this.#parts.counts.succeeded++
    this.#resolve(output)
  }

  fail(error: unknown): void {
    if (!this.#end()) return
    const failure = toFailure(error, titleOf(this.#parts), this, this.#parts.log)
    this.#parts.counts.fail(failure.code)
    this.#reject(failure)
  }

  override expire(): void {
    super.expire()
    this.fail(lateError(this.harmless, { operation: titleOf(this.#parts), timeoutMs: this.timeoutMs }))
  }

  /** Whether the call may be made again though nobody knows what became of it. */
  get harmless(): boolean {
    const { effect, idempotent } = this.#parts.operation
    return effect === 'read' || idempotent === true
  }

  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    const { counts, deadlines } = this.#parts
    deadlines.end(this)
    this.#generation?.leave()
    counts.inFlight--
    counts.observe(performance.now() - this.startedMs)
    if (this.degraded) counts.degraded++
    this.end()
    return true
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
