import type { Server } from './server.ts'

export interface SessionSettings {
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
}

/**
 * What decides meaning and bounds, set on each connection before its first use: a server's own defaults do not count.
 * Without ANSI_QUOTES and NO_BACKSLASH_ESCAPES texts are escaped as they are read.
 */
export function sessionStatement({ statementTimeoutMs, lockTimeoutMs }: SessionSettings, { kind }: Pick<Server, 'kind'>): string {
  const assignments = [
    `time_zone = '+00:00'`,
    `sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'`,
    'autocommit = 1',
    `innodb_lock_wait_timeout = ${Math.ceil(lockTimeoutMs / 1_000)}`,
    kind === 'mariadb' ? `max_statement_time = ${statementTimeoutMs / 1_000}` : `max_execution_time = ${statementTimeoutMs}`,
  ]
  return `set session ${assignments.join(', session ')}; set session transaction isolation level read committed`
}

/** For statements that build: they may take long. */
export const unboundedStatement = ({ kind }: Pick<Server, 'kind'>): string => (kind === 'mariadb' ? 'set session max_statement_time = 0' : 'set session max_execution_time = 0')
