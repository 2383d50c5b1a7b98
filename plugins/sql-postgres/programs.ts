import { createHash } from 'node:crypto'
import type pg from 'pg'
import { type Call, isPorticoError, type Refusal } from '../../kernel/plugin.ts'
import { databaseError, type SqlStep, type Statement } from '../../kernel/ports/sql/index.ts'
import { brokenRule, isLost, stateOf, toDatabaseError } from './faults.ts'
import { destroy, type Pool, socketOf } from './pool.ts'
import { prepared, preparedWithin } from './prepared.ts'

const uniqueViolation = '23505'
/** So many texts are prepared on a connection; those of one manifest are fewer. */
const mostPrepared = 2_000

/** So many steps of a program go out together. */
const stepsAtOnce = 4

/** How many rows each step changed, which of them was refused by its count, or which the server did not take. */
type Sent = { readonly changed: readonly number[] } | Refusal | { readonly step: number; readonly error: unknown }

/** What is to be read right after a program, in the same trip. */
export class Reading<Row extends pg.QueryResultRow = pg.QueryResultRow> {
  readonly statement: Statement
  /** Undefined when nothing was read. */
  rows: Row[] | undefined
  error: unknown

  constructor(statement: Statement) {
    this.statement = statement
  }
}

/** Timers count whole milliseconds from when the loop last looked at the clock: what the deadline broke may break a little before it. */
const earlyMs = 5

function isLate(call: Call): boolean {
  return call.remainingMs() < earlyMs
}

/** Runs statements on connections of the pool, each within its call's deadline. */
export class Programs {
  readonly #connection: string
  readonly #pool: Pool
  readonly #names = new Map<string, string>()
  readonly #primaryKeys = new Map<string, boolean>()

  constructor(connection: string, pool: Pool) {
    this.#connection = connection
    this.#pool = pool
  }

  /** Rows of a reading statement. Sent once more when the connection broke: a read does no harm twice. */
  async query<Row extends object>(statement: Statement, call: Call): Promise<Row[]> {
    for (let tries = 1; ; tries++) {
      const client = await this.#pool.acquire(call)
      try {
        const { rows } = await preparedWithin<Row>(client, statement, this.#nameOf(statement), call.remainingMs())
        this.#pool.release(client)
        return rows
      } catch (error) {
        if (isOutdated(error)) {
          // Each connection meets this once, and a new one never: there are as many tries as connections.
          this.#pool.discard(client)
          if (!isLate(call)) continue
        } else this.#letGo(client, error)
        if (tries > 1 || !isLost(error) || isLate(call)) throw this.#failure(error, call)
      }
    }
  }

  /** All steps or none: how many rows each changed, or the step that was refused. `reading` is filled when they were done. */
  async run(steps: readonly SqlStep[], call: Call, reading?: Reading): Promise<readonly number[] | Refusal> {
    const [only] = steps
    if (!only) return []
    if (call.remainingMs() <= 0) throw databaseError(this.#connection, 'busy', 'the deadline passed before its turn')
    const client = await this.#pool.acquire(call)
    return steps.length === 1 && (only.byKey || only.expect === undefined) ? this.#alone(client, only, call, reading) : this.#together(client, steps, call, reading)
  }

  /** One statement that is its own transaction: a single round trip. */
  async #alone(client: pg.PoolClient, step: SqlStep, call: Call, reading: Reading | undefined): Promise<readonly number[] | Refusal> {
    try {
      const send = () => prepared(client, step, this.#nameOf(step))
      const { rowCount } = reading ? await this.#within(client, call, () => this.#andRead(client, send, reading)) : await preparedWithin(client, step, this.#nameOf(step), call.remainingMs())
      this.#done(client, reading)
      const changed = rowCount ?? 0
      // It met at most one row, or any number will do: another number than it expects changed nothing.
      return step.expect !== undefined && changed !== step.expect ? { step: 0, reason: 'count' } : [changed]
    } catch (error) {
      this.#letGo(client, error)
      if (isLost(error)) throw databaseError(this.#connection, 'outcome-unknown', '', error)
      return this.#refusal(0, error, call)
    }
  }

  /** BEGIN and all steps in one round trip, and the end of it in another. */
  async #together(client: pg.PoolClient, steps: readonly SqlStep[], call: Call, reading: Reading | undefined): Promise<readonly number[] | Refusal> {
    const outcome = await this.#transaction(client, steps, call, reading)
    if ('changed' in outcome) return outcome.changed
    return 'reason' in outcome ? outcome : this.#refusal(outcome.step, outcome.error, call)
  }

  async #transaction(client: pg.PoolClient, steps: readonly SqlStep[], call: Call, reading: Reading | undefined): Promise<Sent> {
    let committing = false
    try {
      const outcome = await this.#within(client, call, async () => {
        const sent = await this.#send(client, steps)
        committing = 'changed' in sent
        const end = () => client.query(committing ? 'commit' : 'rollback')
        await (reading && committing ? this.#andRead(client, end, reading) : end())
        return sent
      })
      this.#done(client, reading)
      return outcome
    } catch (error) {
      this.#letGo(client, error)
      if (committing && isLost(error)) throw databaseError(this.#connection, 'outcome-unknown', '', error)
      // A constraint that is checked at the end does not say which step broke it.
      if (committing && isRefusal(error)) return { step: 0, error }
      throw this.#failure(error, call)
    }
  }

  async #send(client: pg.PoolClient, steps: readonly SqlStep[]): Promise<Sent> {
    const [began, ...answers] = await Promise.allSettled(this.#write(client, steps))
    if (began?.status === 'rejected') throw began.reason
    const changed: number[] = []
    for (const [at, answer] of answers.entries()) {
      // Only the first failure says anything: the transaction is over with it.
      if (answer.status === 'rejected') {
        if (isLost(answer.reason)) throw answer.reason
        return { step: at, error: answer.reason }
      }
      const count = answer.value.rowCount ?? 0
      const { expect } = steps[at] ?? {}
      if (expect !== undefined && count !== expect) return { step: at, reason: 'count' }
      changed.push(count)
    }
    return { changed }
  }

  /** Sends what ends a program, and what reads after it, as one packet. @throws what the first of them throws */
  async #andRead(client: pg.PoolClient, send: () => Promise<pg.QueryResult>, reading: Reading): Promise<pg.QueryResult> {
    const socket = socketOf(client)
    socket.cork()
    const both = [send(), prepared(client, reading.statement, this.#nameOf(reading.statement))] as const
    socket.uncork()

    const [sent, read] = await Promise.allSettled(both)
    if (sent.status === 'rejected') throw sent.reason
    if (read.status === 'fulfilled') reading.rows = read.value.rows
    else reading.error = read.reason
    return sent.value
  }

  #done(client: pg.PoolClient, reading: Reading | undefined): void {
    if (reading?.error === undefined) this.#pool.release(client)
    else this.#letGo(client, reading.error)
  }

  /** A few steps are one packet; of many the server does the first while the others are still being written. */
  #write(client: pg.PoolClient, steps: readonly SqlStep[]): readonly Promise<pg.QueryResult>[] {
    const socket = socketOf(client)
    socket.cork()
    const sent: Promise<pg.QueryResult>[] = [client.query('begin')]
    for (const [at, step] of steps.entries()) {
      sent.push(prepared(client, step, this.#nameOf(step)))
      if (at % stepsAtOnce < stepsAtOnce - 1) continue
      socket.uncork()
      socket.cork()
    }
    socket.uncork()
    return sent
  }

  /** A broken unique index or another rule of the table is a refusal; anything else is thrown. */
  async #refusal(step: number, error: unknown, call: Call): Promise<Refusal> {
    const rule = brokenRule(error)
    if (rule !== undefined) return { step, reason: 'rule', rule }
    if (!isRefusal(error)) throw toDatabaseError(this.#connection, error)
    const name = (error as { readonly constraint?: string }).constraint
    if (name === undefined) return { step, reason: 'unique' }
    return { step, reason: 'unique', index: (await this.#isPrimary(error, name, call)) ? 'primary' : name }
  }

  async #isPrimary(error: unknown, name: string, call: Call): Promise<boolean> {
    const { schema = '' } = error as { readonly schema?: string }
    const key = `${schema}.${name}`
    let primary = this.#primaryKeys.get(key)
    if (primary === undefined) {
      const sql = 'select i.indisprimary as "primary" from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relname = $1 and n.nspname = $2'
      const [row] = await this.query<{ readonly primary: boolean }>({ sql, params: [name, schema] }, call)
      primary = row?.primary ?? false
      if (this.#primaryKeys.size < mostPrepared) this.#primaryKeys.set(key, primary)
    }
    return primary
  }

  /** What is late breaks its connection: a statement on a half-open socket would wait for ever. */
  async #within<T>(client: pg.PoolClient, call: Call, work: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => destroy(client), call.remainingMs())
    try {
      return await work()
    } finally {
      clearTimeout(timer)
    }
  }

  /** A connection that broke, or that a transaction may still be open on, is not used again. */
  #letGo(client: pg.PoolClient, error: unknown): void {
    if (isLost(error) || client.getTransactionStatus() !== 'I') this.#pool.discard(client)
    else this.#pool.release(client)
  }

  #failure(error: unknown, call: Call): unknown {
    if (isPorticoError(error)) return error
    return isLost(error) && isLate(call) ? databaseError(this.#connection, 'busy', '', error) : toDatabaseError(this.#connection, error)
  }

  #nameOf({ sql }: Statement): string | undefined {
    let name = this.#names.get(sql)
    if (name === undefined && this.#names.size < mostPrepared) {
      name = createHash('sha256').update(sql).digest('hex').slice(0, 24)
      this.#names.set(sql, name)
    }
    return name
  }
}

/** A column of what was prepared has another type since: the connection would say so for as long as it lives. */
function isOutdated(error: unknown): boolean {
  // Its message is in the server's language.
  return stateOf(error) === '0A000' && error instanceof Error && 'routine' in error && error.routine === 'RevalidateCachedQuery'
}

function isRefusal(error: unknown): boolean {
  return stateOf(error) === uniqueViolation || brokenRule(error) !== undefined
}
