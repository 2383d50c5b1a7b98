import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { Call } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { faultOf, toDatabaseError } from './faults.ts'

const pollMs = 20

/**
 * Locks by name between the processes that share one file: each is an exclusive lock on an empty file in a folder beside it. The
 * operating system frees it with the process that held it, however that ended: no heartbeat, no clock, nothing to wait for.
 */
export class Locks {
  readonly #connection: string
  readonly #folder: string
  /** The last in line here, by name; so that this process asks the operating system once at a time. */
  readonly #tails = new Map<string, Promise<unknown>>()

  constructor(connection: string, file: string) {
    this.#connection = connection
    this.#folder = `${file}-locks`
  }

  async hold<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve()
    const turn = Promise.withResolvers<undefined>()
    const tail = before.then(() => turn.promise)
    this.#tails.set(name, tail)
    try {
      await this.#within(before, call)
      return await this.#exclusively(name, call, body)
    } finally {
      turn.resolve(undefined)
      if (this.#tails.get(name) === tail) this.#tails.delete(name)
    }
  }

  async #exclusively<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    const database = this.#open(name)
    try {
      while (!this.#acquire(database)) {
        if (call.remainingMs() <= 0) throw this.#late()
        await sleep(pollMs)
      }
      return await body()
    } finally {
      // The file stays: removing it while another process opens it would let two hold the lock.
      database.close()
    }
  }

  #open(name: string): Database.Database {
    try {
      mkdirSync(this.#folder, { recursive: true })
      // A name may hold what no file's name can.
      return new Database(join(this.#folder, createHash('sha256').update(name).digest('hex').slice(0, 32)), { timeout: 0 })
    } catch (error) {
      throw toDatabaseError(this.#connection, error)
    }
  }

  #acquire(database: Database.Database): boolean {
    try {
      database.exec('BEGIN EXCLUSIVE')
      return true
    } catch (error) {
      if (faultOf(error) === 'busy') return false
      throw toDatabaseError(this.#connection, error)
    }
  }

  async #within(before: Promise<unknown>, call: Call): Promise<void> {
    const late = new AbortController()
    const timeout = sleep(call.remainingMs(), undefined, { signal: late.signal }).then(() => {
      throw this.#late()
    })
    try {
      await Promise.race([before, timeout])
    } finally {
      late.abort()
      timeout.catch(() => undefined)
    }
  }

  #late(): Error {
    return databaseError(this.#connection, 'busy', 'the lock did not come free within the deadline')
  }
}
