import mysql from 'mysql2'
import type { Call } from '../../kernel/plugin.ts'
import { databaseError, poolExhausted } from '../../kernel/ports/sql/index.ts'
import { ask, breakOff, unref, within } from './client.ts'
import { toDatabaseError } from './faults.ts'
import { Turns } from './turns.ts'

export interface PoolSettings {
  readonly maxConnections: number
  readonly acquireTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** Beyond these, one more would only wait for its deadline. */
const mostWaiting = 10_000
/** A connection that lay idle for longer is asked whether it is alive before it is given away. */
const validateAfterMs = 15_000
const validateWithinMs = 1_000
/** A server keeps 16,382 prepared statements unless told otherwise, for everybody. */
const mostPrepared = 8_000
const mostPreparedEach = 500

/** mysql2's own pool, with waits that end by a call's deadline and connections that are alive and set up. */
export class Pool {
  readonly #connection: string
  readonly #settings: PoolSettings
  readonly #session: string
  readonly #pool: mysql.Pool
  readonly #turns: Turns
  readonly #clients = new Set<mysql.PoolConnection>()
  readonly #usedAtMs = new WeakMap<mysql.PoolConnection, number>()
  #ended = false

  /** `session` is what each connection is told before its first use. */
  constructor(connection: string, settings: PoolSettings, session: string, options: mysql.ConnectionOptions) {
    this.#connection = connection
    this.#settings = settings
    this.#session = session
    this.#turns = new Turns(settings.maxConnections, mostWaiting)
    this.#pool = mysql.createPool({
      ...options,
      // One more than there are turns: mysql2 closes the idle ones early where it may keep fewer than it may open.
      connectionLimit: settings.maxConnections + 1,
      maxIdle: settings.maxConnections,
      idleTimeout: settings.idleTimeoutMs,
      maxPreparedStatements: Math.max(8, Math.min(mostPreparedEach, Math.floor(mostPrepared / settings.maxConnections))),
    })
    this.#pool.on('connection', (client) => {
      this.#clients.add(client)
      const gone = () => this.#clients.delete(client)
      client.on('end', gone)
      // What broke is taken out by the pool; without a listener a second error would end the process.
      client.on('error', gone)
    })
  }

  /** A connection for this call alone. @throws DATABASE_POOL_EXHAUSTED, DATABASE_UNAVAILABLE, DATABASE_BUSY */
  async acquire(call: Pick<Call, 'remainingMs'>): Promise<mysql.PoolConnection> {
    if (this.#ended) throw databaseError(this.#connection, 'unavailable', '')
    const startedMs = performance.now()
    const turn = this.#turns.take(Math.min(this.#settings.acquireTimeoutMs, call.remainingMs()))
    if (turn !== true && !(await turn)) throw poolExhausted(this.#connection, performance.now() - startedMs)

    for (;;) {
      const client = await this.#connected(call)
      const usedAtMs = this.#usedAtMs.get(client)
      if (usedAtMs !== undefined && performance.now() - usedAtMs < validateAfterMs) return client
      try {
        // Set up anew where it lay idle, which shows that it is alive, too.
        await within(client, Math.min(usedAtMs === undefined ? this.#settings.connectTimeoutMs : validateWithinMs, call.remainingMs()), () => ask(client, this.#session))
        return client
      } catch (error) {
        breakOff(client)
        if (usedAtMs !== undefined && call.remainingMs() > 0) continue
        this.#turns.give()
        throw usedAtMs === undefined ? toDatabaseError(this.#connection, error) : databaseError(this.#connection, 'busy', '', error)
      }
    }
  }

  release(client: mysql.PoolConnection): void {
    this.#usedAtMs.set(client, performance.now())
    client.release()
    this.#turns.give()
  }

  /** Closes it at once, whatever it is doing. */
  discard(client: mysql.PoolConnection): void {
    breakOff(client)
    this.#turns.give()
  }

  /** Takes no more calls, and closes when those that have a connection, or wait for one, are done. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#turns.free()
    await new Promise<void>((resolve) => this.#pool.end(() => resolve()))
    // A server that is gone takes no leave: that must not keep the process.
    for (const client of this.#clients) unref(client)
  }

  /** In possession of a turn, which is given back where this fails. */
  #connected(call: Pick<Call, 'remainingMs'>): Promise<mysql.PoolConnection> {
    return new Promise((resolve, reject) => {
      let answered = false
      let late = false
      let timer: NodeJS.Timeout | undefined
      this.#pool.getConnection((error, client) => {
        answered = true
        clearTimeout(timer)
        if (!error && !late) return resolve(client)
        if (!error) client.release()
        this.#turns.give()
        if (error) reject(toDatabaseError(this.#connection, error))
      })
      // An open connection comes before this; only one that has to be opened is waited for.
      process.nextTick(() => {
        if (answered) return
        timer = setTimeout(() => {
          late = true
          reject(databaseError(this.#connection, 'busy', ''))
        }, call.remainingMs())
      })
    })
  }
}
