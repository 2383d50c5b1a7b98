import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Call, Log } from '../../../kernel/plugin.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { SqliteConnection, SqliteParts } from '../../../plugins/sql-sqlite/driver.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'

export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silentLog }

export function call(timeoutMs = 30_000): Call {
  const deadline = performance.now() + timeoutMs
  return {
    signal: new AbortController().signal, traceId: 'test', text: false, degrade: () => undefined,
    remainingMs: () => Math.max(0, deadline - performance.now()),
  }
}

/** A folder that is gone when the test ends. */
export function folder(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'portico-sqlite-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Closed when the test ends; the last opened first, before its folder goes. */
export function open(t: ExecutionContext, file: string, settings: Partial<SqliteParts['settings']> = {}): SqliteConnection {
  const connection = openSqlite({
    connection: 'main', log: silentLog, clock: systemClock,
    settings: { file, writer: 'worker', busyTimeoutMs: 5_000, synchronous: 'full', cacheSizeBytes: 2_097_152, ...settings },
  })
  t.teardown(() => connection.close())
  return connection
}
