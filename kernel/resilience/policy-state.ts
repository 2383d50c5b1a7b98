import type { JsonSchema } from '../json.ts'
import type { CircuitState } from './breaker.ts'

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

/** A binding's policy, as the meaning of its port sees it. */
export interface BindingPolicy {
  readonly state: PolicyState
  /** What the policy has for this operation alone, as the manifest calls it: `retry`, `timeout`. */
  overrides(operation: string): readonly string[]
  /**
   * Makes a call that no caller waits for, such as one that was kept: it is asked of the operation's circuit, and its outcome
   * counts there; one that takes longer than an attempt of a caller may counts as failed. Retries and places of the policy are for callers.
   * @throws CALL_CIRCUIT_OPEN when the circuit lets nothing through; and what `make` throws.
   */
  throughCircuit<T>(operation: string, make: () => Promise<T>): Promise<T>
}

const number = { type: 'number' }
const integer = { type: 'integer' }
const circuit = { type: 'object', required: ['state'], properties: { state: { enum: ['closed', 'open', 'half-open'] }, retryInMs: { ...number, description: 'Of an open one: when a call may try.' } } }
const bulkhead = { type: 'object', required: ['inFlight', 'concurrent', 'waiting', 'queued'], properties: { inFlight: integer, concurrent: integer, waiting: integer, queued: integer } }

/** The shape of `PolicyState`. */
export const policyStateSchema: JsonSchema = {
  type: 'object', description: 'The policy of its calls, as it is now.', required: ['name', 'retryBudget', 'operations'],
  properties: {
    name: { type: 'string' }, circuit, bulkhead,
    retryBudget: { type: 'object', required: ['left', 'of'], properties: { left: number, of: integer } },
    operations: { type: 'object', description: 'Operations with a breaker or a bulkhead of their own.', additionalProperties: { type: 'object', properties: { circuit, bulkhead } } },
  },
}
