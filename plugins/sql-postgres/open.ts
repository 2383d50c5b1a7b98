import { setTimeout as sleep } from 'node:timers/promises'
import { type Backoff, backoffMs, type Clock, type Log } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { PostgresConnection } from './driver.ts'
import { remedyOf } from './faults.ts'
import { Pool, type PoolSettings } from './pool.ts'
import { ServerSignals } from './signals.ts'

export interface OpenParts {
  readonly connection: string
  readonly settings: PoolSettings & { readonly connectWithinMs: number }
  readonly log: Log
  readonly clock: Clock
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
  readonly onClose: (close: () => Promise<void>) => void
}

const oldestVersion = 130_000
const pauses: Backoff = { initialMs: 50, maxMs: 1_000 }

/**
 * Opens the pool and shows that the server can be used. A server that is not up yet is tried again until `connectWithin`.
 * @throws DATABASE_FAILED with what to change, when trying again would not help; DATABASE_UNAVAILABLE when time is up.
 */
export async function openPostgres({ connection, settings, log, clock, signal, onClose }: OpenParts): Promise<PostgresConnection> {
  const pool = new Pool(connection, settings, log)
  onClose(() => pool.end())
  const schema = await firstContact(connection, pool, settings, log, signal)
  const signals = new ServerSignals(schema, () => pool.extra(), log)
  onClose(() => signals.close())
  return new PostgresConnection({ connection, settings, clock, pool, signals })
}

/** The schema that tables are made and looked up in. */
async function firstContact(connection: string, pool: Pool, settings: OpenParts['settings'], log: Log, signal: AbortSignal): Promise<string> {
  const untilMs = performance.now() + settings.connectWithinMs
  const left = () => untilMs - performance.now()
  for (let tries = 0; ; tries++) {
    try {
      const client = await pool.acquire({ remainingMs: () => Math.max(1, left()) })
      const { rows } = await client.query<{ readonly version: number; readonly text: string; readonly standby: boolean; readonly schema: string | null }>(
        `select current_setting('server_version_num')::int as version, current_setting('server_version') as text, pg_is_in_recovery() as standby, current_schema() as schema`)
      pool.release(client)
      const [server] = rows
      if (!server || server.version < oldestVersion) throw databaseError(connection, 'failed', `the server is PostgreSQL ${server?.text ?? 'of an unknown version'}, and 13 is the oldest that will do; upgrade it`)
      if (server.standby) throw databaseError(connection, 'failed', 'the server is a standby, which takes no writes; name the primary in the url')
      if (server.schema === null) throw databaseError(connection, 'failed', `there is no schema ${settings.schema ?? 'on the user’s search path'}; create it, or correct \`schema\``)
      return server.schema
    } catch (error) {
      const refusal = refusalOf(connection, settings, error)
      const pauseMs = backoffMs(pauses, tries + 1)
      if (refusal || signal.aborted || pauseMs > left()) throw refusal ?? error
      if (tries === 0) log.warn({ connection }, 'the database does not answer yet; trying again')
      await sleep(pauseMs)
    }
  }
}

/** Why trying again would not help. */
function refusalOf(connection: string, { url, tls }: PoolSettings, error: unknown): Error | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const { username, pathname } = URL.canParse(url) ? new URL(url) : { username: '', pathname: '' }
  const remedy = remedyOf(cause, { user: decodeURIComponent(username) || 'of the url', database: decodeURIComponent(pathname.slice(1)) || 'of the url', tls: tls.enabled })
  if (remedy !== undefined) return databaseError(connection, 'failed', remedy, cause)
  return error instanceof Error && 'code' in error && error.code === 'DATABASE_FAILED' ? error : undefined
}
