import type { CallOptions } from '../call.ts'
import { capabilityCheck } from './capabilities.ts'
import type { Chaos } from './chaos.ts'
import { GuardedCall } from './guarded-call.ts'
import type { Guards } from './guards.ts'
import { RunningCall, titleOf, type CallParts } from './running-call.ts'
import { inputCheck } from './validate.ts'

/** What is composed round an operation, once, when its binding starts. */
export interface OperationParts extends CallParts {
  readonly capabilities: ReadonlySet<string>
  readonly guards: Guards | undefined
  readonly chaos: Chaos | undefined
}

/**
 * The way of every call: capability → input check → deadline → policy → chaos → driver (→ fallbacks) → outcome.
 * Always counts and times; a failure that is no PorticoError becomes KERNEL_BUG and is logged with its cause.
 */
export function wrapOperation(parts: OperationParts): (input: unknown, options?: CallOptions) => Promise<unknown> {
  const checkCapability = capabilityCheck(parts)
  const checkInput = inputCheck(parts.operation.input, titleOf(parts))
  const begin = beginner(parts)

  return (input, options) => {
    const call = begin(input, options)
    try {
      checkCapability(input)
      checkInput(input)
      return call.follow(call.attempt(input))
    } catch (error) {
      return call.refuse(error)
    }
  }
}

/** A binding without policy and chaos has nothing of them on its way. */
function beginner(parts: OperationParts): (input: unknown, options: CallOptions | undefined) => RunningCall {
  const { guards, chaos } = parts
  if ((!guards && !chaos) || parts.operation.local) return (input, options) => new RunningCall(parts, input, options)
  const composed = { ...parts, guards: guards?.of(parts.name), around: chaos?.around(titleOf(parts)) }
  return (input, options) => new GuardedCall(composed, input, options)
}
