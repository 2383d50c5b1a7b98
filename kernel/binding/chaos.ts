import type { Call } from '../call.ts'
import type { Clock } from '../clock.ts'
import { kernelError } from '../errors.ts'
import type { ChaosRules } from '../resilience/chaos-rules.ts'
import type { Run } from './swap-point.ts'

/** The faults that are rehearsed on a binding: between its policy and its driver, so that the policy has to do with them. */
export class Chaos {
  readonly rules: ChaosRules
  readonly #clock: Clock
  readonly #random: () => number

  /** `random` answers from 0 up to 1, as `Math.random`. */
  constructor(rules: ChaosRules, clock: Clock, random: () => number) {
    this.rules = rules
    this.#clock = clock
    this.#random = random
  }

  /** What stands before the driver of one operation. */
  around(operation: string): (run: Run) => Run {
    return (run) => async (input, call) => {
      await this.strike(operation, call)
      return run(input, call)
    }
  }

  /** A call's share of the faults: it is late, fails, or is never answered. @throws CHAOS_INJECTED */
  async strike(operation: string, call: Call): Promise<void> {
    const { errorsShare, dropShare } = this.rules
    const drawn = this.#random()
    await this.#delay(call)
    if (drawn < errorsShare) throw kernelError('CHAOS_INJECTED', { operation })
    if (drawn < errorsShare + dropShare) await gone(call, operation)
  }

  async #delay(call: Call): Promise<void> {
    const { latencyMs = 0 } = this.rules
    if (latencyMs === 0 || call.signal.aborted) return
    let takeBack = (): void => undefined
    await new Promise<unknown>((resolve) => {
      takeBack = this.#clock.after(latencyMs, () => { resolve(undefined) })
      call.signal.addEventListener('abort', resolve, { once: true })
    })
    takeBack()
  }
}

/** Is never answered: it ends with who waits for it. */
function gone(call: Call, operation: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => { reject(kernelError('CALL_ABORTED', { operation })) }
    if (call.signal.aborted) end()
    else call.signal.addEventListener('abort', end, { once: true })
  })
}
