export interface SessionSettings {
  readonly schema: string | undefined
  readonly statementTimeoutMs: number
  readonly lockTimeoutMs: number
}

/** What decides meaning and bounds, set on each connection before its first use: a server's or a user's own defaults do not count. */
export function sessionStatement({ schema, statementTimeoutMs, lockTimeoutMs }: SessionSettings): string {
  const settings = {
    timezone: 'UTC',
    client_encoding: 'UTF8',
    standard_conforming_strings: 'on',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: 'off',
    synchronous_commit: 'on',
    statement_timeout: String(statementTimeoutMs),
    lock_timeout: String(lockTimeoutMs),
    // A transaction has no user code in it: one that idles has lost its client.
    idle_in_transaction_session_timeout: String(statementTimeoutMs),
    bytea_output: 'hex',
    // What Portico asks goes by an index and keeps its order. With the default, made for disks that turn, a table that was not
    // counted yet is taken for so small that all of a queue's line would be read and sorted for each lease.
    random_page_cost: '1.1',
  }
  const statements = Object.entries(settings).map(([name, value]) => `set ${name} = '${value}'`)
  if (schema !== undefined) statements.push(`set search_path = "${schema.replaceAll('"', '""')}"`)
  return statements.join('; ')
}

/** For statements that build: they may take long, and wait for whoever is at work. */
export const unboundedStatement = 'set statement_timeout = 0; set lock_timeout = 0'
export const boundedStatement = ({ statementTimeoutMs, lockTimeoutMs }: SessionSettings): string => `set statement_timeout = ${statementTimeoutMs}; set lock_timeout = ${lockTimeoutMs}`
