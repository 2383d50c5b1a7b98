import type { Operation } from '../ports/definition.ts'

/** Milliseconds that a call may take beyond its deadline because it waits on purpose. */
export function waitsMs(operation: Operation, input: unknown): number {
  if (operation.waits === undefined || typeof input !== 'object' || input === null) return 0
  const wanted = (input as Readonly<Record<string, unknown>>)[operation.waits]
  return typeof wanted === 'number' && wanted > 0 && wanted <= 60_000 ? wanted : 0
}
