/** What a policy asks for, with durations as numbers and shares from 0 to 1. */
export interface PolicyRules {
  /** The whole call, its retries and waits included. */
  readonly timeoutMs?: number
  readonly retry?: RetryRules | null
  readonly circuitBreaker?: BreakerRules | null
  readonly bulkhead?: BulkheadRules | null
  readonly attemptTimeoutMs?: number
}

export interface RetryRules {
  /** All attempts of a call, the first one included. */
  readonly attempts: number
  /** The longest wait before the second attempt; doubled for each one after it. */
  readonly initialMs: number
  readonly maxMs: number
  /** How many retries each success pays for. */
  readonly budgetShare: number
}

/** So many failures one after the other, or a share of failures over a window with calls enough to judge by. */
export type BreakerRules =
  | { readonly failures: number; readonly openForMs: number }
  | { readonly rateShare: number; readonly windowMs: number; readonly minCalls: number; readonly openForMs: number }

export interface BulkheadRules {
  readonly concurrent: number
  readonly queued: number
}

/** What one operation has of its own; `null` leaves a part out, what is not there is as the policy says. */
export interface OperationRules extends Omit<PolicyRules, 'retry'> {
  /** The budget is the binding's. */
  readonly retry?: Omit<RetryRules, 'budgetShare'> | null
}

/** A named policy of the manifest. */
export interface PolicySpec extends PolicyRules {
  readonly name: string
  readonly operations: Readonly<Record<string, OperationRules>>
}
