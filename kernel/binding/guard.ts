import type { Clock } from '../clock.ts'
import type { Operation } from '../ports/definition.ts'
import type { Breaker } from '../resilience/breaker.ts'
import type { Bulkhead } from '../resilience/bulkhead.ts'
import type { RetryBudget } from '../resilience/retry-budget.ts'
import type { RetryRules } from '../resilience/rules.ts'
import type { Counter } from './meters.ts'

/** What a policy comes to for one operation: its own times, and the state that it shares with the binding's other ones. */
export interface Guard extends Pick<Operation, 'effect' | 'idempotent'> {
  /** `integrations.payments.charge` */
  readonly title: string
  readonly policy: string
  /** The port's operation: of what it waits for on purpose. */
  readonly operation: Operation
  readonly timeoutMs: number | undefined
  readonly attemptTimeoutMs: number | undefined
  readonly retry: Omit<RetryRules, 'budgetShare'> | undefined
  readonly breaker: Breaker | undefined
  readonly bulkhead: Bulkhead | undefined
  readonly budget: RetryBudget
  readonly counts: GuardCounts
  readonly clock: Clock
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number
}

export interface GuardCounts {
  readonly retries: Counter
  /** Retries that the budget had nothing left for. */
  readonly withheld: Counter
  readonly circuitOpen: Counter
  readonly bulkheadFull: Counter
}
