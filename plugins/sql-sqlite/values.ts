import type { SqlValue } from '../../kernel/ports/sql/index.ts'

/**
 * About how many bytes a value holds in memory, strings by their length.
 * @throws TypeError for what is no SqlValue: found here, before a thread is sent what it cannot take.
 */
export function sizeOf(value: SqlValue): number {
  if (typeof value === 'string') return value.length
  if (typeof value === 'number' || typeof value === 'bigint' || value === null) return 8
  if (value instanceof Uint8Array) return value.byteLength
  throw new TypeError(`a statement was given a value of type ${typeof value}`)
}
