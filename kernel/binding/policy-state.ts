import type { CircuitState } from '../resilience/breaker.ts'

/** What a breaker and a bulkhead are like now; a part that the policy has not is not there. */
export interface GuardState {
  readonly circuit?: {
    readonly state: CircuitState
    /** Of an open one: when a call may try. */
    readonly retryInMs?: number
  }
  readonly bulkhead?: {
    readonly inFlight: number
    readonly concurrent: number
    readonly waiting: number
    readonly queued: number
  }
}

/** A binding's policy as it is now. */
export interface PolicyState extends GuardState {
  readonly name: string
  /** Retries that are left until successes pay for more. */
  readonly retryBudget: { readonly left: number; readonly of: number }
  /** Operations with a breaker or a bulkhead of their own. */
  readonly operations: Readonly<Record<string, GuardState>>
}

/** Whether some circuit is not closed. */
export function isDegraded({ circuit, operations }: PolicyState): boolean {
  return [circuit, ...Object.values(operations).map((own) => own.circuit)].some((one) => one !== undefined && one.state !== 'closed')
}
