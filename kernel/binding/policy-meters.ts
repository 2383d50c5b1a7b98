import type { CircuitState } from '../resilience/breaker.ts'
import type { GuardCounts } from './guard.ts'
import type { Meters } from './meters.ts'
import type { GuardState, PolicyState } from '../resilience/policy-state.ts'

const circuitNumbers: Readonly<Record<CircuitState, number>> = { closed: 0, 'half-open': 1, open: 2 }

/** The figures of a binding's policy: `portico_policy_…`. */
export class PolicyMeters {
  readonly #meters: Meters

  constructor(meters: Meters) {
    this.#meters = meters
  }

  counts(operation: string): GuardCounts {
    const rejected = (reason: string) => this.#meters.counter('rejected_total', 'Calls that were not made.', { operation, reason })
    return {
      retries: this.#meters.counter('retries_total', 'Attempts beyond the first one.', { operation }),
      withheld: this.#meters.counter('retries_withheld_total', 'Retries that the budget had nothing left for.', { operation }),
      circuitOpen: rejected('circuit_open'),
      bulkheadFull: rejected('bulkhead_full'),
    }
  }

  transition(operation: string | undefined, to: CircuitState): void {
    this.#meters.counter('circuit_transitions_total', 'How often a circuit became what `to` says.', { ...labelsOf(operation), to }).value++
  }

  /** Takes over what is so now. */
  show({ retryBudget, operations, ...ofBinding }: PolicyState): void {
    this.#meters.gauge('retry_budget', 'Retries that are left until successes pay for more.', {}).value = retryBudget.left
    this.#showOne(undefined, ofBinding)
    for (const [operation, own] of Object.entries(operations)) this.#showOne(operation, own)
  }

  #showOne(operation: string | undefined, { circuit, bulkhead }: GuardState): void {
    const labels = labelsOf(operation)
    if (circuit) this.#meters.gauge('circuit_state', '0 closed, 1 half-open, 2 open.', labels).value = circuitNumbers[circuit.state]
    if (bulkhead) {
      this.#meters.gauge('bulkhead_in_flight', 'Calls that have a place.', labels).value = bulkhead.inFlight
      this.#meters.gauge('bulkhead_waiting', 'Calls that wait for a place.', labels).value = bulkhead.waiting
    }
  }
}

/** A breaker of the binding's own has no operation. */
function labelsOf(operation: string | undefined): Readonly<Record<string, string>> {
  return operation === undefined ? {} : { operation }
}
