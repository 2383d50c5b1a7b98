import { setTimeout as sleep } from 'node:timers/promises'
import type mysql from 'mysql2'
import { type Backoff, backoffMs, type Call, isPorticoError, type Refusal } from '../../kernel/plugin.ts'
import { databaseError, type SqlStep, type Statement } from '../../kernel/ports/sql/index.ts'
import { affected, ask, prepared, within } from './client.ts'
import { brokenIndex, brokenRule, isDeadlock, isLost, isOpenEnded, isReadOnly, isRolledBack, isServerError, toDatabaseError } from './faults.ts'
import { checkSize, messagesOf, TooLarge } from './message.ts'
import type { Pool } from './pool.ts'

/** How many rows each step changed, or which of them was refused. */
type Done = readonly number[] | Refusal
/** As that, or which step the server did not take. */
type Sent = Done | { readonly step: number; readonly error: unknown }

/** A program that met a deadlock is run again so often, each time after a pause that may be longer. */
const mostTries = 10
const pauses: Backoff = { initialMs: 2, maxMs: 100 }

/** Timers count whole milliseconds from when the loop last looked at the clock: what the deadline broke may break a little before it. */
const earlyMs = 5

function isLate(call: Call): boolean {
  return call.remainingMs() < earlyMs
}

/** Runs statements on connections of the pool, each within its call's deadline. */
export class Programs {
  readonly #connection: string
  readonly #pool: Pool
  readonly #maxPacketBytes: number

  constructor(connection: string, pool: Pool, maxPacketBytes: number) {
    this.#connection = connection
    this.#pool = pool
    this.#maxPacketBytes = maxPacketBytes
  }

  /** Rows of a reading statement. Sent once more when the connection broke: a read does no harm twice. */
  async query<Row extends object>(statement: Statement, call: Call): Promise<Row[]> {
    for (let tries = 1; ; tries++) {
      const client = await this.#pool.acquire(call)
      try {
        const rows = await within(client, call.remainingMs(), () => prepared<Row[]>(client, statement))
        this.#pool.release(client)
        return rows
      } catch (error) {
        this.#letGo(client, error)
        if (tries > 1 || !isLost(error) || isLate(call)) throw this.#failure(error, call)
      }
    }
  }

  /** All steps or none: how many rows each changed, or the step that was refused. */
  async run(steps: readonly SqlStep[], call: Call): Promise<Done> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(steps, call)
      } catch (error) {
        const pauseMs = backoffMs(pauses, tries)
        // InnoDB took it back so that another could go on, which is its everyday way; and a program is data.
        if (!isPorticoError(error) || !isDeadlock(error.cause) || tries === mostTries || pauseMs >= call.remainingMs()) throw error
        await sleep(pauseMs)
      }
    }
  }

  async #once(steps: readonly SqlStep[], call: Call): Promise<Done> {
    const [only] = steps
    if (!only) return []
    if (call.remainingMs() <= 0) throw databaseError(this.#connection, 'busy', 'the deadline passed before its turn')
    // One statement is all or nothing by itself; only where its count may refuse it, and it met many rows, is there something to undo.
    return steps.length === 1 && (only.byKey || only.expect === undefined) ? this.#alone(only, call) : this.#together(steps, call)
  }

  /** One statement that is its own transaction: a single round trip. */
  async #alone(step: SqlStep, call: Call): Promise<Done> {
    this.#fitting(() => checkSize(step, this.#maxPacketBytes))
    const client = await this.#pool.acquire(call)
    try {
      const { affectedRows } = await within(client, call.remainingMs(), () => prepared<mysql.ResultSetHeader>(client, step))
      this.#pool.release(client)
      return step.expect !== undefined && affectedRows !== step.expect ? { step: 0, reason: 'count' } : [affectedRows]
    } catch (error) {
      this.#letGo(client, error)
      if (isLost(error) || isOpenEnded(error)) throw databaseError(this.#connection, 'outcome-unknown', '', error)
      return this.#refusal(0, error)
    }
  }

  /** START TRANSACTION and all steps in one message, and the end of it in another. */
  async #together(steps: readonly SqlStep[], call: Call): Promise<Done> {
    const messages = this.#fitting(() => messagesOf(steps, this.#maxPacketBytes))
    const client = await this.#pool.acquire(call)
    let sent: Sent
    try {
      sent = await within(client, call.remainingMs(), () => send(client, steps, messages))
    } catch (error) {
      this.#letGo(client, error)
      throw this.#failure(error, call)
    }
    if (isChanged(sent)) {
      await this.#commit(client, call)
      return sent
    }
    await this.#rollBack(client, call)
    return 'reason' in sent ? sent : this.#refusal(sent.step, sent.error)
  }

  async #commit(client: mysql.PoolConnection, call: Call): Promise<void> {
    if (call.remainingMs() <= 0) {
      // Nothing is applied without a commit.
      this.#pool.discard(client)
      throw databaseError(this.#connection, 'busy', '')
    }
    try {
      await within(client, call.remainingMs(), () => ask(client, 'commit'))
      this.#pool.release(client)
    } catch (error) {
      this.#pool.discard(client)
      throw isRolledBack(error) ? toDatabaseError(this.#connection, error) : databaseError(this.#connection, 'outcome-unknown', '', error)
    }
  }

  /** A lock timeout ends a statement, not its transaction. Where this fails the server does it when the connection closes. */
  async #rollBack(client: mysql.PoolConnection, call: Call): Promise<void> {
    try {
      await within(client, call.remainingMs(), () => ask(client, 'rollback'))
      this.#pool.release(client)
    } catch {
      this.#pool.discard(client)
    }
  }

  /** A broken unique index or another rule of the table is a refusal; anything else is thrown. */
  #refusal(step: number, error: unknown): Refusal {
    const index = brokenIndex(error)
    const rule = brokenRule(error)
    if (rule !== undefined) return { step, reason: 'rule', rule }
    if (index === undefined) throw toDatabaseError(this.#connection, error)
    return index === '' ? { step, reason: 'unique' } : { step, reason: 'unique', index }
  }

  #fitting<T>(measure: () => T): T {
    try {
      return measure()
    } catch (error) {
      throw error instanceof TooLarge ? databaseError(this.#connection, 'too-large', error.message, error) : error
    }
  }

  /** A connection that broke, or of which the state is not known, is not used again. */
  #letGo(client: mysql.PoolConnection, error: unknown): void {
    if (isServerError(error) && !isLost(error) && !isReadOnly(error)) this.#pool.release(client)
    else this.#pool.discard(client)
  }

  #failure(error: unknown, call: Call): unknown {
    return isLost(error) && isLate(call) ? databaseError(this.#connection, 'busy', '', error) : toDatabaseError(this.#connection, error)
  }
}

function isChanged(sent: Sent): sent is readonly number[] {
  return Array.isArray(sent)
}

/** @throws what the connection broke with; until a commit is sent nothing is applied. */
async function send(client: mysql.PoolConnection, steps: readonly SqlStep[], messages: readonly string[]): Promise<Sent> {
  const changed: number[] = []
  for (const [at, message] of messages.entries()) {
    const { counts, error } = await affected(client, at === 0 ? `start transaction;\n${message}` : message)
    if (error && isLost(error)) throw error
    for (const count of at === 0 ? counts.slice(1) : counts) {
      const { expect } = steps[changed.length] ?? {}
      if (expect !== undefined && count !== expect) return { step: changed.length, reason: 'count' }
      changed.push(count)
    }
    if (error) return { step: changed.length, error }
  }
  return changed
}
