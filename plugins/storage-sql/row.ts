import type { Row } from '../../kernel/ports/storage/index.ts'
import type { SqlRow } from './statements.ts'

/** A row as the port has it; one that has the right types already is handed on as it is. */
export function toRow(row: SqlRow): Row {
  return isRow(row) ? row : { ...row, createdAtMs: Number(row.createdAtMs), updatedAtMs: Number(row.updatedAtMs), expiresAtMs: row.expiresAtMs === null ? null : Number(row.expiresAtMs) }
}

function isRow(row: SqlRow): row is Row {
  return typeof row.createdAtMs === 'number' && typeof row.updatedAtMs === 'number' && typeof row.expiresAtMs !== 'string'
}
