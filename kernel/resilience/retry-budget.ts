/** How many retries a budget holds at most: what a short fault may cost before successes have to pay. */
export const budgetRetries = 10

/**
 * Bounds the retries of all calls of a binding together: each takes one from the budget, and each success puts a share of one back.
 * So a backend that is down gets little more than its callers' first attempts, however many they are.
 */
export class RetryBudget {
  readonly #share: number
  #left = budgetRetries

  constructor(share: number) {
    this.#share = share
  }

  /** Retries that are left, with fractions. */
  get left(): number {
    return this.#left
  }

  succeed(): void {
    if (this.#left < budgetRetries) this.#left = Math.min(budgetRetries, this.#left + this.#share)
  }

  /** Takes one retry; false when none is left. */
  draw(): boolean {
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
