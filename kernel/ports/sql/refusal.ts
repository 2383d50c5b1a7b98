import type { Refusal } from '../../binding/unit.ts'

/**
 * What `execute` throws when a step did not change the number of rows it expects, or broke a unique index or another rule: nothing
 * of its program was applied. It stays between a connection and the drivers on it, who know what the step meant.
 */
export class SqlRefusal extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    const by = { count: 'its expected count', unique: `the unique index ${refusal.index ?? ''}`, rule: refusal.rule ?? 'a rule' }
    super(`step ${refusal.step} was refused by ${by[refusal.reason]}`)
    this.name = 'SqlRefusal'
    this.refusal = refusal
  }
}
