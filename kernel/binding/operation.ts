import type { CallOptions } from '../call.ts'
import { isPorticoError, kernelError, type PorticoError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AnyPort, Operation } from '../ports/definition.ts'
import { OperationCall } from './call.ts'
import { capabilityCheck } from './capabilities.ts'
import type { Deadlines } from './deadlines.ts'
import { fallBack } from './fallback.ts'
import type { OperationCounts } from './instruments.ts'
import type { Generation, SwapPoint } from './swap-point.ts'
import { inputCheck } from './validate.ts'

/** What is composed round an operation, once, when its binding starts. */
export interface OperationParts {
  readonly port: AnyPort
  readonly binding: string
  readonly name: string
  readonly operation: Operation
  readonly capabilities: ReadonlySet<string>
  readonly point: SwapPoint
  readonly deadlines: Deadlines
  readonly counts: OperationCounts
  readonly log: Log
}

/**
 * The way of every call: capability → input check → deadline → driver (→ fallbacks) → outcome.
 * Always counts and times; a failure that is no PorticoError becomes KERNEL_BUG and is logged with its cause.
 */
export function wrapOperation(parts: OperationParts): (input: unknown, options?: CallOptions) => Promise<unknown> {
  const checkCapability = capabilityCheck(parts)
  const checkInput = inputCheck(parts.operation.input, titleOf(parts))

  return (input, options) => new Promise((resolve, reject) => {
    const call = new RunningCall(parts, input, options, resolve, reject)
    try {
      checkCapability(input)
      checkInput(input)
      call.follow(call.attempt(input))
    } catch (error) {
      call.fail(error)
    }
  })
}

/** One call from its start to its one outcome; whatever comes after the deadline is dropped. */
class RunningCall extends OperationCall {
  readonly #parts: OperationParts
  readonly #generation: Generation | undefined
  readonly #resolve: (output: unknown) => void
  readonly #reject: (error: unknown) => void
  #ended = false

  constructor(parts: OperationParts, input: unknown, options: CallOptions | undefined, resolve: (output: unknown) => void, reject: (error: unknown) => void) {
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
    return attempts.length === 1 ? first.run(input, this) : fallBack(this.#parts, attempts, input, this)
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
    this.fail(deadlineError(this.#parts.operation, titleOf(this.#parts), this))
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

function titleOf({ binding, name }: OperationParts): string {
  return `${binding}.${name}`
}

function waitsMs(operation: Operation, input: unknown): number {
  if (operation.waits === undefined || typeof input !== 'object' || input === null) return 0
  const wanted = (input as Readonly<Record<string, unknown>>)[operation.waits]
  return typeof wanted === 'number' && wanted > 0 && wanted <= 60_000 ? wanted : 0
}

function deadlineError(operation: Operation, title: string, call: OperationCall): PorticoError {
  const at = { operation: title, timeoutMs: call.timeoutMs }
  const harmless = operation.effect === 'read' || operation.idempotent === true
  return harmless ? kernelError('CALL_DEADLINE_EXCEEDED', at) : kernelError('CALL_OUTCOME_UNKNOWN', at)
}

function toFailure(error: unknown, title: string, call: OperationCall, log: Log): PorticoError {
  if (isPorticoError(error)) return error
  log.error({ err: error, operation: title, traceId: call.traceId }, 'unexpected error')
  return kernelError('KERNEL_BUG', { where: title }, { cause: error })
}
