import { readFileSync } from 'node:fs'
import mysql from 'mysql2'
import type { Call } from '../../kernel/plugin.ts'
import { poolExhausted } from '../../kernel/ports/sql/index.ts'
import { toDatabaseError } from './faults.ts'

export interface PoolSettings {
  readonly url: string
  readonly maxConnections: number
  readonly minConnections: number
  readonly acquireTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly tls: { readonly enabled: boolean; readonly ca: string | undefined; readonly certificate: string | undefined; readonly key: string | undefined }
}

/** Beyond these, one more would only wait for its deadline. */
const mostWaiting = 10_000
/** A connection that lay idle for longer is asked whether it is alive before it is given away. */
const validateAfterMs = 15_000
const validateWithinMs = 1_000

/** mysql2's own pool, with waits that end by a call's deadline and connections that are alive and set up. */
export class Pool {
  readonly #connection: string
  readonly #settings: PoolSettings
  readonly #pool: mysql.Pool
  readonly #usedAtMs = new WeakMap<mysql.PoolConnection, number>()
  /** What each connection is told before its first use. */
  session = ''

  constructor(connection: string, settings: PoolSettings) {
    this.#connection = connection
    this.#settings = settings
    this.#pool = mysql.createPool(optionsOf(settings))
  }

  /** A connection for this call alone. @throws DATABASE_POOL_EXHAUSTED, DATABASE_UNAVAILABLE */
  async acquire(call: Pick<Call, 'remainingMs'>): Promise<mysql.PoolConnection> {
    for (;;) {
      const client = await this.#take(call)
      const usedAtMs = this.#usedAtMs.get(client)
      if (usedAtMs !== undefined && performance.now() - usedAtMs < validateAfterMs) return client
      try {
        // Set up anew where it lay idle, which shows that it is alive, too.
        await within(client, usedAtMs === undefined ? Math.min(this.#settings.connectTimeoutMs, call.remainingMs()) : validateWithinMs, () => ask(client, this.session || 'do 0'))
        return client
      } catch (error) {
        client.destroy()
        if (usedAtMs === undefined) throw toDatabaseError(this.#connection, error)
      }
    }
  }

  release(client: mysql.PoolConnection): void {
    this.#usedAtMs.set(client, performance.now())
    client.release()
  }

  end(): Promise<void> {
    return new Promise((resolve) => this.#pool.end(() => resolve()))
  }

  #take(call: Pick<Call, 'remainingMs'>): Promise<mysql.PoolConnection> {
    const startedMs = performance.now()
    const waitMs = Math.min(this.#settings.acquireTimeoutMs, call.remainingMs())
    return new Promise((resolve, reject) => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        reject(poolExhausted(this.#connection, performance.now() - startedMs))
      }, waitMs)
      this.#pool.getConnection((error, client) => {
        clearTimeout(timer)
        if (late) return error ? undefined : client.release()
        if (!error) return resolve(client)
        reject(error.message === 'Queue limit reached.' ? poolExhausted(this.#connection, 0, error) : toDatabaseError(this.#connection, error))
      })
    })
  }
}

/** The answer of one text, without parameters. */
export function ask(client: mysql.PoolConnection, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.query(text, (error, rows) => { if (error) reject(error); else resolve(rows) })
  })
}

/** What is late breaks its connection: a statement on a half-open socket would wait for ever. */
export async function within<T>(client: mysql.PoolConnection, ms: number, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    // Destroyed, it tells none of its commands.
    client.destroy()
    late.reject(new Error('no answer within the deadline'))
  }, ms)
  try {
    return await Promise.race([work(), late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function optionsOf({ url, maxConnections, minConnections, connectTimeoutMs, idleTimeoutMs, tls }: PoolSettings): mysql.PoolOptions {
  const read = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8'))
  const [ca, cert, key] = [read(tls.ca), read(tls.certificate), read(tls.key)]
  return {
    uri: url,
    connectionLimit: maxConnections,
    maxIdle: Math.max(1, minConnections),
    idleTimeout: idleTimeoutMs,
    queueLimit: mostWaiting,
    connectTimeout: connectTimeoutMs,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    // A program is one message. Values reach it escaped, and no caller's text is ever part of a statement.
    multipleStatements: true,
    jsonStrings: true,
    maxPreparedStatements: 2_000,
    ...(tls.enabled && { ssl: { rejectUnauthorized: true, verifyIdentity: true, ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) } }),
  }
}
