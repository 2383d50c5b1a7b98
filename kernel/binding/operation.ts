import type { Call, CallOptions } from '../call.ts'
import { isPorticoError, kernelError, type PorticoError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AnyPort, Operation } from '../ports/definition.ts'
import { OperationCall } from './call.ts'
import { capabilityCheck } from './capabilities.ts'
import type { Deadlines } from './deadlines.ts'
import type { OperationCounts } from './instruments.ts'
import type { Attempt, Generation, SwapPoint } from './swap-point.ts'
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
 * The way of every call: input check → capability → deadline → driver (→ fallbacks) → outcome.
 * Always counts and times; a failure that is no PorticoError becomes KERNEL_BUG and is logged with its cause.
 */
export function wrapOperation(parts: OperationParts): (input: unknown, options?: CallOptions) => Promise<unknown> {
  const { operation, counts, deadlines } = parts
  const title = `${parts.binding}.${parts.name}`
  const checkInput = inputCheck(operation.input, title)
  const checkCapability = capabilityCheck(parts)

  return (input, options) => {
    const startedMs = performance.now()
    const call = new OperationCall(options, waitsMs(operation, input))
    const generation = parts.point.current
    counts.inFlight++
    generation?.enter()

    return new Promise((resolve, reject) => {
      let ended = false
      let unwatch: (() => void) | undefined
      /** True for the first outcome: whatever comes after the deadline is dropped. */
      const end = (): boolean => {
        if (ended) return false
        ended = true
        unwatch?.()
        generation?.leave()
        counts.inFlight--
        counts.observe(performance.now() - startedMs)
        if (call.degraded) counts.degraded++
        call.end()
        return true
      }
      const fail = (error: unknown) => {
        if (!end()) return
        const failure = toFailure(error, title, call, parts.log)
        counts.fail(failure.code)
        reject(failure)
      }

      try {
        checkCapability(input)
        checkInput(input)
        const answer = attemptAll(parts, generation, input, call)
        unwatch = deadlines.watch(call, () => {
          call.expire()
          fail(deadlineError(operation, title, call))
        })
        answer.then((output) => {
          if (!end()) return
          counts.succeeded++
          resolve(output)
        }, fail)
      } catch (error) {
        fail(error)
      }
    })
  }
}

function attemptAll(parts: OperationParts, generation: Generation | undefined, input: unknown, call: Call): Promise<unknown> {
  const [first, ...fallbacks] = generation?.attempts(parts.name) ?? []
  if (!first) throw kernelError('BINDING_UNAVAILABLE', { binding: parts.binding })
  return fallbacks.length === 0 ? first(input, call) : fallBack(parts, [first, ...fallbacks], input, call)
}

/** The drivers in order, for as long as the port says that the next one may do it. */
async function fallBack(parts: OperationParts, attempts: readonly Attempt[], input: unknown, call: Call): Promise<unknown> {
  let failure: unknown
  for (const [index, attempt] of attempts.entries()) {
    try {
      const output = await attempt(input, call)
      if (index === 0) return output
      call.degrade()
      return parts.port.fallback?.mark(output) ?? output
    } catch (error) {
      failure = error
      if (!parts.port.fallback?.when(error, parts.name, input)) break
      parts.log.warn({ binding: parts.binding, operation: parts.name, code: codeOf(error), traceId: call.traceId }, 'falling back')
    }
  }
  throw failure
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

function codeOf(error: unknown): string {
  return isPorticoError(error) ? error.code : 'KERNEL_BUG'
}
