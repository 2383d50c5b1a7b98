import type mysql from 'mysql2'
import { type Call, isPorticoError, type Refusal } from '../../kernel/plugin.ts'
import { databaseError, type SqlStep, type SqlValue, type Statement } from '../../kernel/ports/sql/index.ts'
import { brokenIndex, isLost, isServerError, toDatabaseError } from './faults.ts'
import { messagesOf } from './message.ts'
import { ask, type Pool, within } from './pool.ts'

/** How many rows each step changed, which of them was refused by its count, or which the server did not take. */
type Sent = { readonly changed: readonly number[] } | Refusal | { readonly step: number; readonly error: unknown }

/** Runs statements on connections of the pool, each within its call's deadline. */
export class Programs {
  readonly #connection: string
  readonly #pool: Pool

  constructor(connection: string, pool: Pool) {
    this.#connection = connection
    this.#pool = pool
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
        if (tries > 1 || !isLost(error) || call.remainingMs() <= 0) throw this.#failure(error, call)
      }
    }
  }

  /** All steps or none: how many rows each changed, or the step that was refused. */
  async run(steps: readonly SqlStep[], call: Call): Promise<readonly number[] | Refusal> {
    const [only] = steps
    if (!only) return []
    if (call.remainingMs() <= 0) throw databaseError(this.#connection, 'busy', 'the deadline passed before its turn')
    const client = await this.#pool.acquire(call)
    return steps.length === 1 && only.byKey ? this.#alone(client, only, call) : this.#together(client, steps, call)
  }

  /** One statement that is its own transaction: a single round trip. */
  async #alone(client: mysql.PoolConnection, step: SqlStep, call: Call): Promise<readonly number[] | Refusal> {
    try {
      const { affectedRows } = await within(client, call.remainingMs(), () => prepared<mysql.ResultSetHeader>(client, step))
      this.#pool.release(client)
      // It met at most one row: another number than it expects changed nothing.
      return step.expect !== undefined && affectedRows !== step.expect ? { step: 0, reason: 'count' } : [affectedRows]
    } catch (error) {
      this.#letGo(client, error)
      if (isLost(error)) throw databaseError(this.#connection, 'outcome-unknown', '', error)
      return this.#refusal(0, error)
    }
  }

  /** START TRANSACTION and all steps in one message, and the end of it in another. */
  async #together(client: mysql.PoolConnection, steps: readonly SqlStep[], call: Call): Promise<readonly number[] | Refusal> {
    const outcome = await this.#transaction(client, steps, call)
    if ('changed' in outcome) return outcome.changed
    return 'reason' in outcome ? outcome : this.#refusal(outcome.step, outcome.error)
  }

  async #transaction(client: mysql.PoolConnection, steps: readonly SqlStep[], call: Call): Promise<Sent> {
    let committing = false
    try {
      const outcome = await within(client, call.remainingMs(), async () => {
        const sent = await this.#send(client, steps)
        committing = 'changed' in sent
        // A lock timeout ends a statement, not its transaction.
        await ask(client, committing ? 'commit' : 'rollback')
        return sent
      })
      this.#pool.release(client)
      return outcome
    } catch (error) {
      this.#letGo(client, error)
      if (committing && isLost(error)) throw databaseError(this.#connection, 'outcome-unknown', '', error)
      throw this.#failure(error, call)
    }
  }

  async #send(client: mysql.PoolConnection, steps: readonly SqlStep[]): Promise<Sent> {
    const changed: number[] = []
    let begin = 'start transaction;\n'
    for (const message of messagesOf(steps)) {
      const { counts, error } = await affected(client, begin + message.text)
      if (error && isLost(error)) throw error
      for (const count of begin === '' ? counts : counts.slice(1)) {
        const { expect } = steps[changed.length] ?? {}
        if (expect !== undefined && count !== expect) return { step: changed.length, reason: 'count' }
        changed.push(count)
      }
      if (error) return { step: changed.length, error }
      begin = ''
    }
    return { changed }
  }

  /** A broken unique index is a refusal; anything else is thrown. */
  #refusal(step: number, error: unknown): Refusal {
    const index = brokenIndex(error)
    if (index === undefined) throw toDatabaseError(this.#connection, error)
    return index === '' ? { step, reason: 'unique' } : { step, reason: 'unique', index }
  }

  /** A connection that broke, or of which the state is not known, is not used again. */
  #letGo(client: mysql.PoolConnection, error: unknown): void {
    if (isServerError(error) && !isLost(error)) this.#pool.release(client)
    else client.destroy()
  }

  #failure(error: unknown, call: Call): unknown {
    if (isPorticoError(error)) return error
    return isLost(error) && call.remainingMs() <= 0 ? databaseError(this.#connection, 'busy', '', error) : toDatabaseError(this.#connection, error)
  }
}

/** Prepared once on each connection. */
function prepared<R>(client: mysql.PoolConnection, { sql, params }: Statement): Promise<R> {
  return new Promise((resolve, reject) => {
    // mysql2 says of its rows only what it cannot know: the statement decides.
    client.execute(sql, params.map(parameter), (error, rows) => { if (error) reject(error); else resolve(rows as R) })
  })
}

function parameter(value: SqlValue): string | number | bigint | Buffer | null {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}

/** How many rows each statement of a text met, until one fails: the server runs none after it. */
function affected(client: mysql.PoolConnection, text: string): Promise<{ readonly counts: readonly number[]; readonly error?: Error }> {
  return new Promise((resolve) => {
    const counts: number[] = []
    client.query(text)
      .on('result', (header: mysql.ResultSetHeader) => counts.push(header.affectedRows))
      .on('error', (error: Error) => resolve({ counts, error }))
      .on('end', () => resolve({ counts }))
  })
}
