/** The faults that an owner rehearses on a binding, with shares from 0 to 1. */
export interface ChaosRules {
  /** How much later each call reaches the backend. */
  readonly latencyMs?: number
  /** Of calls that fail. */
  readonly errorsShare: number
  /** Of calls that are never answered. */
  readonly dropShare: number
}
