import type { Call } from '../../kernel/plugin.ts'
import type { AddedRow, Due, JobRange, JobRow, JobState, LeaseWanted, QueueDriver, Seen, StateCount } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'
import { addedValues, mutableValues, toRow, type StoredJob } from './rows.ts'
import { keysAtOnce, makeStatements, type Statements } from './statements.ts'
import type { Tables } from './tables.ts'

/** How long the answer to a lease request is kept. */
const requestMs = 600_000
/** Above every id: they are hexadecimal. */
const afterEveryId = 'g'
const finishedStates: readonly JobState[] = ['done', 'dead', 'cancelled']

type DueRow = Readonly<Record<'now', number> & Record<'scheduled' | 'active' | 'done' | 'dead' | 'cancelled' | 'requests', number | null>>

/** Jobs in tables; every program is one message to the database, and a lease is taken by the update that marks its rows. */
export class SqlQueue implements QueueDriver<SqlStep> {
  readonly commits: SqlConnection
  readonly #connection: SqlConnection
  readonly #statements: Statements
  readonly #channel: string

  constructor(connection: SqlConnection, tables: Tables) {
    this.commits = this.#connection = connection
    // The shapes are made apart from their connection, which they must not lose.
    this.#statements = makeStatements({ dialect: connection.dialect, shape: (build) => connection.shape(build) }, tables)
    this.#channel = tables.jobs
  }

  insert(rows: readonly AddedRow[]): readonly SqlStep[] {
    return rows.map((row) => ({ ...this.#statements.insert(addedValues(row)), expect: 1 }))
  }

  async lease(wanted: LeaseWanted, call: Call): Promise<Seen<readonly JobRow[]> | undefined> {
    const { queue, max, leaseMs, token, worker, requestId } = wanted
    const lease = (max === 1 ? this.#statements.lease : this.#statements.leaseSome)({ queue, max, leaseMs, token, worker: worker ?? null })

    if (requestId === undefined) {
      const [leased] = await this.#connection.execute([lease], call)
      return leased === 0 ? { found: [], nowMs: 0 } : this.#leased(token, call)
    }
    const request = { queue, requestId }
    const program = [this.#statements.dropRequest(request), lease, this.#statements.keepRequest({ ...request, token, keepMs: requestMs })]
    const refusal = await this.#connection.commit(program, call)
    return refusal ? undefined : this.#leased(token, call)
  }

  async ack(done: { readonly id: string; readonly queue: string; readonly token: string; readonly result?: string | undefined; readonly keepMs: number }, call: Call): Promise<boolean> {
    const [changed] = await this.#connection.execute([this.#statements.ack({ ...done, result: done.result ?? null })], call)
    return changed === 1
  }

  async read(id: string, call: Call): Promise<Seen<JobRow> | undefined> {
    const stored = await this.#connection.queryOne<StoredJob>(this.#statements.read({ id }), call)
    return stored && { found: toRow(stored), nowMs: stored.now ?? 0 }
  }

  async replace(rows: readonly JobRow[], live: boolean, call: Call): Promise<readonly boolean[]> {
    if (rows.length === 0) return []
    const program = rows.map((row) => this.#statements.replace({ ...mutableValues(row), id: row.id, revision: row.revision, live: live ? 1 : 0 }))
    return (await this.#connection.execute(program, call)).map((changed) => changed === 1)
  }

  async withKeys(queue: string, keys: readonly string[], call: Call): Promise<readonly JobRow[]> {
    const rows: JobRow[] = []
    for (let start = 0; start < keys.length; start += keysAtOnce) {
      // One shape for any number: the last key stands in every place that is left.
      const named = Array.from({ length: keysAtOnce }, (_, at) => [`key${at}`, keys[Math.min(start + at, keys.length - 1)] ?? ''])
      const statement = this.#statements.withKeys({ queue, ...(Object.fromEntries(named) as Record<string, string>) })
      rows.push(...(await this.#connection.query<StoredJob>(statement, call)).map(toRow))
    }
    return rows
  }

  async requested(queue: string, requestId: string, call: Call): Promise<Seen<readonly JobRow[]> | undefined> {
    const request = await this.#connection.queryOne<{ token: string }>(this.#statements.request({ queue, requestId }), call)
    return request && this.#leased(request.token, call)
  }

  async page({ queue, state, fromMs, toMs, after, limit }: JobRange, call: Call): Promise<readonly JobRow[]> {
    const last = after ? Math.min(after.at, toMs - 1) : toMs - 1
    const before = after && after.at <= last ? after.id : afterEveryId
    const statement = this.#statements.page({ queue, state, from: fromMs, last, before, limit })
    return (await this.#connection.query<StoredJob>(statement, call, { long: limit > 100 })).map(toRow)
  }

  async counts(queue: string, call: Call): Promise<Seen<readonly StateCount[]> & { readonly oldestReadyAt?: number | undefined }> {
    const [found, oldest] = await Promise.all([
      this.#connection.query<StateCount>(this.#statements.counts({ queue }), call, { long: true }),
      this.#connection.query<{ oldest: number | null; now: number }>(this.#statements.oldest({ queue }), call, { long: true }),
    ])
    return { found, nowMs: oldest[0]?.now ?? 0, oldestReadyAt: oldest[0]?.oldest ?? undefined }
  }

  async remove(row: JobRow, call: Call): Promise<boolean> {
    const [removed] = await this.#connection.execute([this.#statements.remove({ id: row.id, revision: row.revision })], call)
    return removed === 1
  }

  async setPaused(queue: string, paused: boolean, call: Call): Promise<void> {
    await this.#connection.execute([this.#statements.setPaused({ queue, paused: paused ? 1 : 0 })], call)
  }

  async paused(queue: string, call: Call): Promise<boolean> {
    return (await this.#connection.queryOne(this.#statements.paused({ queue }), call)) !== undefined
  }

  async due(call: Call): Promise<Seen<Due>> {
    const row = await this.#connection.queryOne<DueRow>(this.#statements.due({}), call)
    const finished = [row?.done, row?.dead, row?.cancelled, row?.requests].filter((at) => typeof at === 'number')
    return {
      nowMs: row?.now ?? 0,
      found: { scheduled: row?.scheduled ?? undefined, active: row?.active ?? undefined, finished: finished.length > 0 ? Math.min(...finished) : undefined },
    }
  }

  async promote(limit: number, call: Call): Promise<number> {
    const [promoted] = await this.#connection.execute([this.#statements.promote({ limit })], call)
    return promoted ?? 0
  }

  async overdue(limit: number, call: Call): Promise<readonly JobRow[]> {
    return (await this.#connection.query<StoredJob>(this.#statements.overdue({ limit }), call)).map(toRow)
  }

  async sweep(limit: number, call: Call): Promise<number> {
    const program = [...finishedStates.map((state) => this.#statements.sweepJobs({ state, limit })), this.#statements.sweepRequests({ limit })]
    const [done = 0, dead = 0, cancelled = 0] = await this.#connection.execute(program, call)
    return done + dead + cancelled
  }

  wake(queue: string): void {
    this.#connection.signals.send(`${this.#channel}.${queue}`)
  }

  onWake(queue: string, listener: () => void): () => void {
    return this.#connection.signals.on(`${this.#channel}.${queue}`, listener)
  }

  async #leased(token: string, call: Call): Promise<Seen<readonly JobRow[]>> {
    const stored = await this.#connection.query<StoredJob>(this.#statements.leased({ token }), call)
    return { found: stored.map(toRow), nowMs: stored[0]?.now ?? 0 }
  }
}
