import type { Refusal } from '../../binding/unit.ts'

/**
 * What `execute` throws when a step did not change the number of rows it expects, or broke a unique index: nothing
 * of its program was applied. It stays between a connection and the drivers on it, who know what the step meant.
 */
export class SqlRefusal extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(`step ${refusal.step} was refused by ${refusal.reason === 'count' ? 'its expected count' : `the unique index ${refusal.index ?? ''}`}`)
    this.name = 'SqlRefusal'
    this.refusal = refusal
  }
}
