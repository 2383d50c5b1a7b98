import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2'
import { type Backoff, backoffMs, type Clock, isPorticoError, type Log } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { ask, breakOff, within } from './client.ts'
import { MysqlConnection } from './driver.ts'
import { isNoPrivilege, remedyOf, toDatabaseError } from './faults.ts'
import { addressOf, connectionOptions, type Address, type ServerSettings } from './options.ts'
import { Pool, type PoolSettings } from './pool.ts'
import { type Found, type Server, serverOf, whatItIs, whyUnfit } from './server.ts'
import { sessionStatement, type SessionSettings } from './session.ts'

export interface OpenParts {
  readonly connection: string
  readonly settings: ServerSettings & PoolSettings & SessionSettings & { readonly connectWithinMs: number }
  readonly log: Log
  readonly clock: Clock
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
  readonly onClose: (close: () => Promise<void>) => void
}

const pauses: Backoff = { initialMs: 50, maxMs: 1_000 }

/**
 * Shows that the server can be used, and makes the pool. A server that is not up yet is tried again until `connectWithin`.
 * @throws DATABASE_FAILED with what to change, when trying again would not help; DATABASE_UNAVAILABLE when time is up.
 */
export async function openMysql({ connection, settings, log, clock, signal, onClose }: OpenParts): Promise<MysqlConnection> {
  const address = addressOf(connection, settings.url)
  const options = connectionOptions(connection, settings, address)
  const server = await firstContact({ connection, settings, log, signal }, options, address)

  const pool = new Pool(connection, settings, sessionStatement(settings, server), options)
  onClose(() => pool.end())
  return new MysqlConnection({ connection, clock, pool, server })
}

type ContactParts = Pick<OpenParts, 'connection' | 'settings' | 'log' | 'signal'>

async function firstContact(parts: ContactParts, options: mysql.ConnectionOptions, address: Address): Promise<Server> {
  const { connection, settings, log, signal } = parts
  const untilMs = performance.now() + settings.connectWithinMs
  const left = () => untilMs - performance.now()
  for (let tries = 0; ; tries++) {
    try {
      return await probe(parts, options, left)
    } catch (error) {
      const refusal = refusalOf(connection, address, error)
      const pauseMs = backoffMs(pauses, tries + 1)
      if (refusal || signal.aborted || pauseMs > left()) throw refusal ?? toDatabaseError(connection, error)
      if (tries === 0) log.warn({ connection }, 'the database does not answer yet; trying again')
      await sleep(pauseMs)
    }
  }
}

/** On a connection of its own, which nothing else uses: it is not set up. */
async function probe({ connection, log }: ContactParts, options: mysql.ConnectionOptions, left: () => number): Promise<Server> {
  const client = mysql.createConnection(options)
  // What it tells while nothing is asked of it, it tells to whoever asks next.
  client.on('error', () => undefined)
  try {
    return await within(client, Math.max(1, left()), async () => {
      const [found] = (await ask(client, whatItIs)) as readonly Found[]
      if (!found) throw new RangeError('the server says nothing of itself')
      const server = serverOf(found)
      const unfit = whyUnfit(server, found) ?? (await whyReadOnly(client, server))
      if (unfit !== undefined) throw databaseError(connection, 'failed', unfit)
      if (found.flushed !== 1) log.warn({ connection, innodb_flush_log_at_trx_commit: found.flushed }, 'a crash may take the last commits along: set innodb_flush_log_at_trx_commit to 1 at the server')
      return server
    })
  } finally {
    breakOff(client)
  }
}

/** Asks for the right to write without writing: of a table that is not there it is told first. */
async function whyReadOnly(client: mysql.Connection, { database }: Server): Promise<string | undefined> {
  try {
    await ask(client, 'delete from portico_no_such_table where false')
  } catch (error) {
    if (!isNoPrivilege(error)) return undefined
  }
  // It may have been given single tables.
  const granted = await ask(client, `select 1 from information_schema.table_privileges where table_schema = database() and privilege_type in ('INSERT', 'UPDATE', 'DELETE') limit 1`)
  if (Array.isArray(granted) && granted.length > 0) return undefined
  return `this user may only read in ${database}; grant it select, insert, update, delete, create, alter, index and drop there, or use another`
}

/** Why trying again would not help. */
function refusalOf(connection: string, of: Address, error: unknown): Error | undefined {
  if (isPorticoError(error)) return error.code === 'DATABASE_FAILED' ? error : undefined
  const remedy = remedyOf(error, of)
  return remedy === undefined ? undefined : databaseError(connection, 'failed', remedy, error)
}
