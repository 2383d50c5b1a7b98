import type { PorticoError } from '../../kernel/plugin.ts'
import type { Fault } from '../../kernel/ports/sql/index.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'

/** SQLite's extended result code (`SQLITE_CONSTRAINT_UNIQUE`), or a system error's code; empty for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** What an error of a statement means. An I/O error while committing means `outcome-unknown`: only the caller knows that. */
export function faultOf(error: unknown): Fault {
  const code = codeOf(error)
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE') return 'full'
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'busy'
  if (code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_CANTOPEN')) return 'unavailable'
  return 'failed'
}

/** Words for the log and the error of a bug or a broken file. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `${codeOf(error) || 'error'}: ${message}`
}

export function toDatabaseError(connection: string, error: unknown): PorticoError {
  return databaseError(connection, faultOf(error), reasonOf(error), error)
}

/** What another constraint of a table says of a row that it does not take; undefined for any other error. */
export function brokenRule(error: unknown): string | undefined {
  const isRule = ['CHECK', 'FOREIGNKEY', 'NOTNULL', 'TRIGGER', 'DATATYPE'].some((one) => codeOf(error) === `SQLITE_CONSTRAINT_${one}`)
  return isRule && error instanceof Error ? error.message.slice(0, 200) : undefined
}

/** True for a broken unique index or primary key. */
export function isUniqueRefusal(error: unknown): error is Error {
  const code = codeOf(error)
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_ROWID'
}
