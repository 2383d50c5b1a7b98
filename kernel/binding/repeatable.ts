import { kernelError, type PorticoError } from '../errors.ts'
import type { Operation } from '../ports/definition.ts'

/** Whether a repeat of a call does no harm: an idempotency key makes it so where the operation says which field is one. */
export function isRepeatable({ effect, idempotent }: Pick<Operation, 'effect' | 'idempotent'>, input: unknown): boolean {
  if (typeof idempotent === 'boolean') return idempotent || effect === 'read'
  return effect === 'read' || (typeof input === 'object' && input !== null && (input as Readonly<Record<string, unknown>>)[idempotent.when] !== undefined)
}

/** What a call that ran out of time answers. */
export function lateError(harmless: boolean, at: { readonly operation: string; readonly timeoutMs: number }): PorticoError {
  return harmless ? kernelError('CALL_DEADLINE_EXCEEDED', at) : kernelError('CALL_OUTCOME_UNKNOWN', at)
}
