import { createHash } from 'node:crypto'
import type { Call } from '../../kernel/plugin.ts'
import type { LockAnswer, LocksDriver, LockWanted } from '../../kernel/ports/locks/index.ts'
import { databaseError, type SqlConnection, SqlRefusal, type Statement } from '../../kernel/ports/sql/index.ts'
import { makeStatements, type Statements, type StoredLock } from './statements.ts'

/** How long a row stays after its lock was over. */
const keepMs = 3_600_000
/** After so many new names, more old ones are taken away than came. */
const sweepEvery = 50
const sweptAtOnce = 200

interface Changed {
  readonly changed: boolean
  readonly row: StoredLock | undefined
}

/** A lock is a row, and every verb one update of it by the database's own clock. */
export class SqlLocks implements LocksDriver {
  readonly wakesReach: LocksDriver['wakesReach']
  readonly #connection: SqlConnection
  readonly #statements: Statements
  readonly #table: string
  #made = 0

  constructor(connection: SqlConnection, table: string) {
    this.wakesReach = connection.signals.reach === 'server' ? 'everyone' : 'process'
    this.#connection = connection
    // The shapes are made apart from their connection, which they must not lose.
    this.#statements = makeStatements({ shape: (build) => connection.shape(build) }, table)
    this.#table = table
  }

  async acquire(wanted: LockWanted, call: Call): Promise<LockAnswer> {
    const { changed, row } = await this.#change(this.#statements.acquire({ ...wanted }), wanted.name, call)
    if (!row) {
      await this.#make(wanted.name, call)
      return this.acquire(wanted, call)
    }
    // Read after it was written: a lock that ran out meanwhile may be another's already.
    if (changed && row.token === wanted.token) return { fencingToken: row.fencing }
    const answer = toAnswer(row, wanted.token)
    // Made, or over, between the two: nobody has it.
    return 'heldForMs' in answer && answer.heldForMs === 0 ? this.acquire(wanted, call) : answer
  }

  async look({ name, token }: LockWanted, call: Call): Promise<LockAnswer> {
    const row = await this.#connection.queryOne<StoredLock>(this.#statements.read({ name }), call)
    return row ? toAnswer(row, token) : { heldForMs: 0 }
  }

  async renew(wanted: LockWanted, call: Call): Promise<number | undefined> {
    const { changed, row } = await this.#change(this.#statements.renew({ ...wanted }), wanted.name, call)
    return changed && row?.token === wanted.token ? row.fencing : undefined
  }

  async release({ name, token }: Pick<LockWanted, 'name' | 'token'>, call: Call): Promise<boolean> {
    const { changed, row } = await this.#change(this.#statements.release({ name, token }), name, call)
    if (changed) this.#connection.signals.send(this.#channel(name))
    return changed || row?.ended_by === token
  }

  onWake(name: string, listener: () => void): () => void {
    return this.#connection.signals.on(this.#channel(name), listener)
  }

  /** A name is as long as a channel may be. */
  #channel(name: string): string {
    return `${this.#table}.${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
  }

  async #change(statement: Statement, name: string, call: Call): Promise<Changed> {
    const { changed, rows } = await this.#connection.executeAndQuery<StoredLock>([statement], this.#statements.read({ name }), call)
    return { changed: changed[0] === 1, row: rows[0] }
  }

  /** Makes the row of a name; another may have made it meanwhile. */
  async #make(name: string, call: Call): Promise<void> {
    if (++this.#made % sweepEvery === 0) await this.#sweep(call)
    try {
      await this.#connection.execute([this.#statements.raise({ fencing: 0 }), { ...this.#statements.make({ name }), expect: 1 }], call)
    } catch (error) {
      if (!(error instanceof SqlRefusal)) throw error
      if (error.refusal.reason !== 'unique') throw databaseError(this.#table, 'failed', 'it lacks the row that new names count on from, which a start makes', error)
    }
  }

  /** Takes rows away that nobody held for long; first the floor is raised to what they counted. */
  async #sweep(call: Call): Promise<void> {
    const over = await this.#connection.query<{ name: string; fencing: number }>(this.#statements.over({ keepMs, limit: sweptAtOnce }), call)
    if (over.length === 0) return
    const highest = over.reduce((most, { fencing }) => Math.max(most, fencing), 0)
    await this.#connection.execute([this.#statements.raise({ fencing: highest }), ...over.map(({ name, fencing }) => this.#statements.remove({ name, fencing, keepMs }))], call)
  }
}

/** What a token finds. */
function toAnswer({ token, fencing, until, now, ended_by: endedBy }: StoredLock, asking: string): LockAnswer {
  const leftMs = Math.max(0, until - now)
  if (token === asking && leftMs > 0) return { fencingToken: fencing, leftMs }
  return endedBy === asking ? { released: true } : { heldForMs: leftMs }
}
