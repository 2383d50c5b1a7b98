import type { Server } from './server.ts'

export interface SessionSettings {
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
  readonly idleTimeoutMs: number
}

/**
 * What decides meaning and bounds, set on each connection before its first use: a server's own defaults do not count.
 * Without ANSI_QUOTES and NO_BACKSLASH_ESCAPES texts are escaped as they are read.
 */
export function sessionStatement({ statementTimeoutMs, lockTimeoutMs, idleTimeoutMs }: SessionSettings, { kind }: Pick<Server, 'kind'>): string {
  const seconds = (ms: number) => Math.ceil(ms / 1_000)
  const assignments = [
    `time_zone = '+00:00'`,
    `sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'`,
    'autocommit = 1',
    `completion_type = 'NO_CHAIN'`,
    'unique_checks = 1',
    'sql_safe_updates = 0',
    'sql_select_limit = default',
    `default_storage_engine = 'InnoDB'`,
    `innodb_lock_wait_timeout = ${seconds(lockTimeoutMs)}`,
    // A change of structure that waits for one long reader makes everybody behind it wait.
    `lock_wait_timeout = ${seconds(lockTimeoutMs)}`,
    // The pool closes what is idle first; what the server closes has lost its client, and may hold locks.
    `wait_timeout = ${seconds(idleTimeoutMs) + 60}`,
    ...(kind === 'mariadb' ? [`max_statement_time = ${statementTimeoutMs / 1_000}`, `idle_transaction_timeout = ${seconds(statementTimeoutMs)}`] : [`max_execution_time = ${statementTimeoutMs}`]),
  ]
  return `set session ${assignments.join(', session ')}; set names utf8mb4 collate utf8mb4_bin; set session transaction isolation level read committed, read write`
}

/** For statements that build: they may take long. */
export const unboundedStatement = ({ kind }: Pick<Server, 'kind'>): string => (kind === 'mariadb' ? 'set session max_statement_time = 0' : 'set session max_execution_time = 0')
