import type { ExecutionContext } from 'ava'
import { systemClock } from '../../kernel/clock.ts'
import { openPostgres, type OpenParts } from '../../plugins/sql-postgres/open.ts'
import { silentLog } from '../contract/log.ts'

const defaults = {
  schema: undefined, maxConnections: 10, minConnections: 0, acquireTimeoutMs: 5_000, connectTimeoutMs: 5_000, connectWithinMs: 5_000, statementTimeoutMs: 30_000,
  lockTimeoutMs: 5_000, idleTimeoutMs: 60_000, appName: 'portico-test', tls: { enabled: false, ca: undefined, certificate: undefined, key: undefined },
} as const

/** Closed when the test ends. */
export function open(t: ExecutionContext, settings: Partial<OpenParts['settings']> & { readonly url: string }) {
  return openPostgres({
    connection: 'main', log: silentLog, clock: systemClock, signal: new AbortController().signal, settings: { ...defaults, ...settings },
    onClose: (close) => t.teardown(close),
  })
}
