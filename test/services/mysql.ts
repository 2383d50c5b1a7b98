import type { ExecutionContext } from 'ava'
import mysql from 'mysql2/promise'
import { systemClock } from '../../kernel/clock.ts'
import { openMysql, type OpenParts } from '../../plugins/sql-mysql/open.ts'
import { silentLog } from '../plugins/sql-sqlite/connection.ts'
import { databaseOf } from './server.ts'

export type Settings = OpenParts['settings']

export const plain = { enabled: false, ca: undefined, certificate: undefined, key: undefined } as const
const defaults = {
  maxConnections: 10, acquireTimeoutMs: 5_000, connectTimeoutMs: 5_000, connectWithinMs: 5_000, statementTimeoutMs: 30_000,
  lockTimeoutMs: 5_000, idleTimeoutMs: 60_000, appName: 'portico-test', tls: plain,
} as const

/** Closed when the test ends, or by `close`. */
export async function open(t: ExecutionContext, settings: Partial<Settings> & { readonly url: string }) {
  const closers: (() => Promise<void>)[] = []
  const close = async () => { for (const one of closers.splice(0)) await one() }
  t.teardown(close)
  const sql = await openMysql({
    connection: 'main', log: silentLog, clock: systemClock, signal: new AbortController().signal, settings: { ...defaults, ...settings },
    onClose: (end) => { closers.push(end) },
  })
  return Object.assign(sql, { close })
}

export interface OwnDatabase {
  readonly name: string
  readonly url: string
  /** A connection by hand. */
  readonly admin: mysql.Connection
}

/** A database that is gone when the test ends. */
export async function ownDatabase(t: ExecutionContext, url: string): Promise<OwnDatabase> {
  const { name, url: own } = await databaseOf(t, url)
  const admin = await mysql.createConnection(url)
  t.teardown(() => admin.end())
  return { name, url: own, admin }
}

export function changed(url: string, change: (url: URL) => void): string {
  const copy = new URL(url)
  change(copy)
  return copy.href
}
