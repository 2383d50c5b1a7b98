import type { Call } from '../call.ts'
import { isPorticoError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { PortFallback } from '../ports/definition.ts'
import type { Attempt, Attempts, Run } from './swap-point.ts'

export interface FallbackParts {
  readonly port: { readonly fallback?: PortFallback }
  readonly binding: string
  readonly name: string
  readonly log: Log
}

/**
 * The drivers in order, the first one as `make` makes its call, for as long as the port says that the next one may do it. A fallback whose `when` does not list
 * what the partner failed with is passed over, as is one that has nothing to answer; the failure is then the partner's. Where the port has a reason to,
 * one of the fallbacks is asked at once and alone.
 */
export async function fallBack({ port: { fallback }, binding, name, log }: FallbackParts, attempts: Attempts, make: (run: Run) => unknown, input: unknown, call: Call): Promise<unknown> {
  const straight = attempts[fallback?.straightTo?.(attempts[0].face, name, input) ?? 0]
  const stand = async ({ run }: Attempt) => {
    const output = await run(input, call)
    call.degrade()
    return fallback?.mark(output) ?? output
  }
  if (straight && straight !== attempts[0]) return stand(straight)

  let failure: unknown
  let cause: string | undefined
  for (const [index, attempt] of attempts.entries()) {
    if (index > 0 && attempt.when && (cause === undefined || !attempt.when.includes(cause))) continue
    try {
      if (index === 0) return await make(attempt.run)
      return await stand(attempt)
    } catch (error) {
      if (index > 0 && fallback?.passes?.(error)) continue
      failure = error
      if (!fallback?.when(error, name, input)) break
      cause = fallback.causeOf?.(error) ?? cause
      log.warn({ binding, operation: name, code: isPorticoError(error) ? error.code : 'KERNEL_BUG', traceId: call.traceId }, 'falling back')
    }
  }
  throw failure
}
