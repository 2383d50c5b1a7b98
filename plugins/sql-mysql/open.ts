import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, isPorticoError, type Log } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { MysqlConnection } from './driver.ts'
import { remedyOf } from './faults.ts'
import { ask, Pool, type PoolSettings } from './pool.ts'
import { type Server, serverOf, tooOld } from './server.ts'
import { sessionStatement, type SessionSettings } from './session.ts'

export interface OpenParts {
  readonly connection: string
  readonly settings: PoolSettings & SessionSettings & { readonly connectWithinMs: number }
  readonly log: Log
  readonly clock: Clock
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
  readonly onClose: (close: () => Promise<void>) => void
}

const longestPauseMs = 1_000

/**
 * Opens the pool and shows that the server can be used. A server that is not up yet is tried again until `connectWithin`.
 * @throws DATABASE_FAILED with what to change, when trying again would not help; DATABASE_UNAVAILABLE when time is up.
 */
export async function openMysql({ connection, settings, log, clock, signal, onClose }: OpenParts): Promise<MysqlConnection> {
  const pool = new Pool(connection, settings)
  onClose(() => pool.end())
  const server = await firstContact(connection, pool, settings, log, signal)
  pool.session = sessionStatement(settings, server)
  return new MysqlConnection({ connection, clock, pool, server })
}

async function firstContact(connection: string, pool: Pool, settings: OpenParts['settings'], log: Log, signal: AbortSignal): Promise<Server> {
  const untilMs = performance.now() + settings.connectWithinMs
  const left = () => untilMs - performance.now()
  for (let tries = 0; ; tries++) {
    try {
      return await probe(connection, pool, left)
    } catch (error) {
      const refusal = refusalOf(connection, settings.url, error)
      const pauseMs = Math.random() * Math.min(longestPauseMs, 50 * 2 ** tries)
      if (refusal || signal.aborted || pauseMs > left()) throw refusal ?? error
      if (tries === 0) log.warn({ connection }, 'the database does not answer yet; trying again')
      await sleep(pauseMs)
    }
  }
}

async function probe(connection: string, pool: Pool, left: () => number): Promise<Server> {
  const client = await pool.acquire({ remainingMs: () => Math.max(1, left()) })
  try {
    const rows = (await ask(client, 'select version() as version, database() as name, @@global.read_only as readOnly')) as readonly { readonly version: string; readonly name: string | null; readonly readOnly: number }[]
    const { version = '', name = null, readOnly = 0 } = rows[0] ?? {}
    if (name === null) throw databaseError(connection, 'failed', 'the url names no database; add it after the host')
    const server = serverOf(version, name)
    const old = tooOld(server)
    if (old !== undefined) throw databaseError(connection, 'failed', old)
    if (readOnly === 1) throw databaseError(connection, 'failed', 'the server is read-only, as a replica is; name the primary in the url')
    return server
  } finally {
    // Not set up yet.
    client.destroy()
  }
}

/** Why trying again would not help. */
function refusalOf(connection: string, url: string, error: unknown): Error | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const { username, pathname } = URL.canParse(url) ? new URL(url) : { username: '', pathname: '' }
  const remedy = remedyOf(cause, { user: decodeURIComponent(username) || 'of the url', database: decodeURIComponent(pathname.slice(1)) || 'of the url' })
  if (remedy !== undefined) return databaseError(connection, 'failed', remedy, cause)
  return isPorticoError(error) && error.code === 'DATABASE_FAILED' ? error : undefined
}
