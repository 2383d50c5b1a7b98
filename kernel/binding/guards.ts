import type { Clock } from '../clock.ts'
import { kernelError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AnyPort, Operation } from '../ports/definition.ts'
import { Breaker, type CircuitState } from '../resilience/breaker.ts'
import { Bulkhead } from '../resilience/bulkhead.ts'
import { budgetRetries, RetryBudget } from '../resilience/retry-budget.ts'
import type { BindingPolicy, GuardState, PolicyState } from '../resilience/policy-state.ts'
import type { BreakerRules, BulkheadRules, OperationRules, PolicySpec } from '../resilience/rules.ts'
import type { Guard } from './guard.ts'
import { PolicyMeters } from './policy-meters.ts'
import type { Meters } from './meters.ts'
import { verdictOf } from './retrying.ts'

export interface GuardsParts {
  readonly policy: PolicySpec
  readonly binding: string
  readonly port: AnyPort
  /** The port's own keys: what `call` of an integration stands for is declared there. */
  readonly keys: unknown
  readonly clock: Clock
  readonly log: Log
  readonly meters: Meters
  readonly random: () => number
}

/** A breaker or a bulkhead with whose it is: the binding's, or one operation's own. */
interface Shared {
  readonly operation: string | undefined
  readonly breaker: Breaker | undefined
  readonly bulkhead: Bulkhead | undefined
}

/** A binding's policy, composed once: a guard for each operation, and the state that they share. */
export class Guards implements BindingPolicy {
  readonly #parts: GuardsParts
  readonly #meters: PolicyMeters
  readonly #budget: RetryBudget
  readonly #shared: Shared[] = []
  readonly #guards = new Map<string, Guard>()

  constructor(parts: GuardsParts) {
    const { policy, port, keys } = parts
    this.#parts = parts
    this.#meters = new PolicyMeters(parts.meters)
    this.#budget = new RetryBudget(policy.retry?.budgetShare ?? defaultBudgetShare)
    const ofBinding = this.#share(undefined, policy.circuitBreaker, policy.bulkhead)

    for (const [name, operation] of Object.entries(port.operations)) {
      // No policy is on its way, and an operation that the keys declare may have its name.
      if (operation.local) continue
      const declared = port.named?.operation === name ? port.named.declared(keys) : { [name]: operation.idempotent }
      for (const [called, idempotent] of Object.entries(declared)) this.#guards.set(called, this.#guard(called, { ...operation, idempotent }, ofBinding))
    }
    parts.meters.onScrape(async () => { this.#meters.show(this.state) })
  }

  /** Which guard an input of the operation calls for; none for a name that nothing declares. */
  of(operation: string): (input: unknown) => Guard | undefined {
    const { named } = this.#parts.port
    if (named?.operation === operation) return (input) => this.#guards.get(named.nameOf(input))
    const guard = this.#guards.get(operation)
    return () => guard
  }

  /** Another driver has taken over: what was known of the old one's backend is forgotten. */
  reset(): void {
    for (const { breaker } of this.#shared) breaker?.reset()
  }

  get state(): PolicyState {
    const [ofBinding, ...own] = this.#shared.map(stateOf)
    return {
      name: this.#parts.policy.name,
      ...ofBinding,
      retryBudget: { left: Math.floor(this.#budget.left * 100) / 100, of: budgetRetries },
      operations: Object.fromEntries(own.map((state, index) => [this.#shared[index + 1]?.operation ?? '', state])),
    }
  }

  overrides(operation: string): readonly string[] {
    const { operations } = this.#parts.policy
    const own = Object.hasOwn(operations, operation) ? operations[operation] : undefined
    return Object.keys(own ?? {}).map((rule) => rule.replace(/Ms$/, ''))
  }

  async throughCircuit<T>(operation: string, make: () => Promise<T>): Promise<T> {
    const { breaker, attemptTimeoutMs, timeoutMs = Infinity, clock } = this.#guards.get(operation) ?? {}
    if (!breaker || !clock) return make()
    const pass = breaker.enter()
    if (pass === undefined) throw kernelError('CALL_CIRCUIT_OPEN', { operation: `${this.#parts.binding}.${operation}`, policy: this.#parts.policy.name }, { retryAfterMs: breaker.openMs })
    // A trial that hangs must not keep callers away for longer than one of theirs would.
    const patienceMs = attemptTimeoutMs ?? timeoutMs
    const takeBack = patienceMs === Infinity ? undefined : clock.after(patienceMs, () => { breaker.fail(pass) })
    try {
      const output = await make()
      breaker.succeed(pass)
      return output
    } catch (error) {
      breaker[verdictOf(error, false)](pass)
      throw error
    } finally {
      takeBack?.()
    }
  }

  #guard(called: string, operation: Operation, ofBinding: Shared): Guard {
    const { policy, binding, clock, random } = this.#parts
    const own = Object.hasOwn(policy.operations, called) ? policy.operations[called] : undefined
    const rules: OperationRules = { ...policy, ...own }
    const shared = own?.circuitBreaker || own?.bulkhead ? this.#share(called, own.circuitBreaker, own.bulkhead) : undefined
    return {
      title: `${binding}.${called}`, policy: policy.name, operation, effect: operation.effect, idempotent: operation.idempotent,
      timeoutMs: rules.timeoutMs, attemptTimeoutMs: rules.attemptTimeoutMs, retry: rules.retry ?? undefined,
      // `null` leaves a part out; what is not there is the binding's.
      breaker: own?.circuitBreaker === null ? undefined : (shared?.breaker ?? ofBinding.breaker),
      bulkhead: own?.bulkhead === null ? undefined : (shared?.bulkhead ?? ofBinding.bulkhead),
      budget: this.#budget, counts: this.#meters.counts(called), clock, random,
    }
  }

  #share(operation: string | undefined, breaker: BreakerRules | null | undefined, bulkhead: BulkheadRules | null | undefined): Shared {
    const { clock } = this.#parts
    const shared = {
      operation,
      breaker: breaker ? new Breaker(breaker, clock, (to, from) => { this.#changed(operation, to, from) }) : undefined,
      bulkhead: bulkhead ? new Bulkhead(bulkhead) : undefined,
    }
    this.#shared.push(shared)
    return shared
  }

  #changed(operation: string | undefined, to: CircuitState, from: CircuitState): void {
    const { binding, log, policy } = this.#parts
    this.#meters.transition(operation, to)
    const fields = { binding, policy: policy.name, ...(operation === undefined ? {} : { operation }), from, to }
    if (to === 'open') log.warn(fields, 'circuit opened')
    else log.info(fields, to === 'closed' ? 'circuit closed' : 'circuit half-open: one call tries')
  }
}

/** Of a policy whose operations alone have a retry. */
const defaultBudgetShare = 0.2

function stateOf({ breaker, bulkhead }: Shared): GuardState {
  return {
    ...(breaker ? { circuit: { state: breaker.state, ...(breaker.state === 'open' ? { retryInMs: breaker.openMs } : {}) } } : {}),
    ...(bulkhead ? { bulkhead: { inFlight: bulkhead.inFlight, concurrent: bulkhead.concurrent, waiting: bulkhead.waiting, queued: bulkhead.queued } } : {}),
  }
}
