import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Call, Log } from '../../kernel/plugin.ts'
import { databaseError, poolExhausted } from '../../kernel/ports/sql/index.ts'
import { stateOf, toDatabaseError } from './faults.ts'
import { sessionStatement, type SessionSettings } from './session.ts'

export interface PoolSettings extends SessionSettings {
  readonly url: string
  readonly maxConnections: number
  readonly minConnections: number
  readonly acquireTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly appName: string
  readonly tls: { readonly enabled: boolean; readonly ca: string | undefined; readonly certificate: string | undefined; readonly key: string | undefined }
}

/** Beyond these, one more would only wait for its deadline. */
const mostWaiting = 10_000
/** A connection that lay idle for longer is asked whether it is alive before it is given away. */
const validateAfterMs = 15_000
const validateWithinMs = 1_000
/** Of the 64-bit integers only what a double holds is ever written. */
const int8 = 20

/** pg's own pool, with waits that end by a call's deadline and connections that are alive. */
export class Pool {
  readonly #connection: string
  readonly #settings: PoolSettings
  readonly #pool: pg.Pool
  readonly #usedAtMs = new WeakMap<pg.PoolClient, number>()

  constructor(connection: string, settings: PoolSettings, log: Log) {
    this.#connection = connection
    this.#settings = settings
    // The pool waits for the answer, though its types do not say so.
    const onConnect = (client: pg.ClientBase): object => client.query(sessionStatement(settings))
    this.#pool = new pg.Pool({ ...configOf(settings), onConnect })
    // An idle connection that breaks is taken out by the pool; the next call opens another.
    this.#pool.on('error', (err) => log.debug({ err }, 'an idle connection was lost'))
    // What is in flight on one that breaks fails by itself; the event, unheard, would end the process.
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
  }

  /** A connection for this call alone. @throws DATABASE_POOL_EXHAUSTED, DATABASE_UNAVAILABLE */
  async acquire(call: Pick<Call, 'remainingMs'>): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.#take(call)
      const usedAtMs = this.#usedAtMs.get(client)
      if (usedAtMs === undefined || performance.now() - usedAtMs < validateAfterMs || (await isAlive(client))) return client
      this.discard(client)
    }
  }

  release(client: pg.PoolClient): void {
    this.#usedAtMs.set(client, performance.now())
    client.release()
  }

  /** Closes it at once, whatever it is doing. */
  discard(client: pg.PoolClient): void {
    destroy(client)
    client.release(true)
  }

  /** One more connection, not open yet, that is its owner's to close. */
  extra(): pg.Client {
    return new pg.Client(configOf(this.#settings))
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }

  #take(call: Pick<Call, 'remainingMs'>): Promise<pg.PoolClient> {
    const startedMs = performance.now()
    const waitMs = Math.min(this.#settings.acquireTimeoutMs, call.remainingMs())
    if (this.#pool.waitingCount >= mostWaiting) throw poolExhausted(this.#connection, 0)

    return new Promise((resolve, reject) => {
      let late = false
      // An idle connection comes before any timer could.
      const timer = this.#pool.idleCount > this.#pool.waitingCount ? undefined : setTimeout(() => {
        late = true
        reject(poolExhausted(this.#connection, performance.now() - startedMs))
      }, waitMs)
      this.#pool.connect((error, client) => {
        clearTimeout(timer)
        if (late) client?.release()
        else if (client) resolve(client)
        else reject(this.#refusal(error, performance.now() - startedMs))
      })
    })
  }

  #refusal(error: unknown, waitedMs: number): Error {
    if (error instanceof Error && error.message === 'timeout exceeded when trying to connect') return poolExhausted(this.#connection, waitedMs, error)
    // Whatever the server says of a connection that it does not take: nothing was done yet.
    return stateOf(error) === undefined ? databaseError(this.#connection, 'unavailable', '', error) : toDatabaseError(this.#connection, error)
  }
}

/** Breaks its socket: what is in flight on it fails, and it takes nothing more. */
export function destroy(client: pg.ClientBase): void {
  socketOf(client).destroy()
}

/** What is written until `uncork` leaves in one go. */
export function socketOf(client: pg.ClientBase): { destroy(): void; cork(): void; uncork(): void } {
  // pg types its client without the connection that it has.
  return (client as unknown as { connection: { stream: { destroy(): void; cork(): void; uncork(): void } } }).connection.stream
}

async function isAlive(client: pg.PoolClient): Promise<boolean> {
  const timer = setTimeout(() => destroy(client), validateWithinMs)
  try {
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** pg's own, whose types know no number that is not listed. */
const parserOf = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => unknown

function configOf({ url, maxConnections, minConnections, connectTimeoutMs, idleTimeoutMs, appName, tls }: PoolSettings): pg.PoolConfig & { readonly pipeline: true } {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8'))
  const [ca, cert, key] = [read(tls.ca), read(tls.certificate), read(tls.key)]
  return {
    connectionString: url,
    max: maxConnections,
    min: minConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: idleTimeoutMs,
    application_name: appName,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // A program's statements are sent together, without waiting for the answer of each.
    pipeline: true,
    types: { getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown => (oid === int8 ? Number : parserOf(oid, format)) },
    ...(tls.enabled && { ssl: { rejectUnauthorized: true, ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) } }),
  }
}
