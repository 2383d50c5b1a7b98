import type { Call } from '../../kernel/plugin.ts'
import { type Acked, type AddedRow, fittingAtOnce, gatherAdds, type Gathered, type Due, type JobRange, type JobRow, type JobState, type Leased, type LeaseWanted, mayBeCut, type Pause, type RowQueue, type ScheduleName, type ScheduleRow, type Seen, type StateCount } from '../../kernel/ports/queue/index.ts'
import { type SqlConnection, SqlRefusal, type SqlStep, type Statement } from '../../kernel/ports/sql/index.ts'
import { gatherAcks } from './acks.ts'
import { insertsOf } from './inserts.ts'
import type { LeaseName } from './leases.ts'
import { LineStarts, type LineStart } from './line-start.ts'
import { SqlLimits, type Taken } from './limits.ts'
import { makeLimitStatements } from './limit-statements.ts'
import { mutableValues, toRow, type StoredJob } from './rows.ts'
import { SqlSchedules } from './schedules.ts'
import { keysAtOnce, makeStatements, type Statements, waitedOnValues } from './statements.ts'
import type { Tables } from './tables.ts'

/** How long the answer to a lease request is kept. */
const requestMs = 600_000
/** So many rows fit in memory, however large they are. */
const surelyFitting = 16
/** Above every id: they are hexadecimal. */
const afterEveryId = 'g'
const finishedStates: readonly JobState[] = ['done', 'dead', 'cancelled']

type DueRow = Readonly<Record<'now', number> & Record<'scheduled' | 'active' | 'ready' | 'tick' | 'done' | 'dead' | 'cancelled' | 'requests' | `in_line${number}`, number | null>>

/** Jobs in tables; every program is one message to the database, and a lease is taken by the update that marks its rows. */
export class SqlQueue implements RowQueue<SqlStep> {
  readonly keeps = 'rows'
  readonly wakesReach: RowQueue['wakesReach']
  readonly commits: SqlConnection
  readonly #connection: SqlConnection
  readonly #statements: Statements
  readonly #acks: Gathered<Acked, boolean>
  readonly #adds: Gathered<readonly AddedRow[], undefined>
  readonly #limits: SqlLimits
  readonly #starts = new LineStarts()
  readonly #schedules: SqlSchedules
  readonly #channel: string

  constructor(connection: SqlConnection, tables: Tables) {
    this.commits = this.#connection = connection
    this.wakesReach = connection.signals.reach === 'server' ? 'everyone' : 'process'
    // The shapes are made apart from their connection, which they must not lose.
    const shapes: Pick<SqlConnection, 'dialect' | 'shape'> = { dialect: connection.dialect, shape: (build) => connection.shape(build) }
    this.#statements = makeStatements(shapes, tables)
    this.#acks = gatherAcks(connection, this.#statements)
    this.#adds = gatherAdds((rows, call) => connection.execute(this.insert(rows), call))
    this.#limits = new SqlLimits(connection, makeLimitStatements(shapes, tables))
    this.#schedules = new SqlSchedules(connection, tables, this.#statements)
    this.#channel = tables.jobs
  }

  insert(rows: readonly AddedRow[]): readonly SqlStep[] {
    this.#starts.entered(rows)
    return insertsOf(this.#statements, rows)
  }

  add(rows: readonly AddedRow[]): Promise<void> {
    return this.#adds.add(rows)
  }

  async lease(wanted: LeaseWanted, call: Call): Promise<Leased | undefined> {
    const { queue, limits } = wanted
    if (!limits) return this.#leaseFrom(this.#starts.of(queue), wanted, call)
    const taken = await this.#limits.lease(limits, wanted, valuesOf(wanted), (program) => this.#take(program, wanted, call), call)
    return taken && { ...leasedOf(taken.rows), againInMs: taken.againInMs }
  }

  async ack(done: Acked, call: Call): Promise<boolean> {
    if (!done.lanes) return this.#acks.add(done)
    const counts = await this.#connection.execute(this.#acking(done), call)
    return counts.at(-1) === 1
  }

  ackSteps(done: Acked): readonly SqlStep[] {
    return this.#acking(done).map((step, at, steps) => (at === steps.length - 1 ? { ...step, expect: 1 } : step))
  }

  async read(id: string, call: Call): Promise<Seen<JobRow> | undefined> {
    const stored = await this.#connection.queryOne<StoredJob>(this.#statements.read({ id }), call)
    return stored && { found: toRow(stored), nowMs: stored.now ?? 0 }
  }

  async replace(rows: readonly JobRow[], live: boolean, call: Call): Promise<readonly boolean[]> {
    if (rows.length === 0) return []
    this.#starts.entered(rows)
    const turns = this.#limits.turns(rows)
    const changes = rows.map((row) => this.#statements.replace({ ...mutableValues(row), id: row.id, revision: row.revision, live: live ? 1 : 0 }))

    // Called up last: not what is in line before one of these changes.
    const counts = await this.#connection.execute([...turns, ...changes, ...this.#limits.callsUp(rows)], call)
    return rows.map((_, at) => counts[turns.length + at] === 1)
  }

  async withKeys(queue: string, keys: readonly string[], call: Call): Promise<readonly JobRow[]> {
    const rows: JobRow[] = []
    for (let start = 0; start < keys.length && !mayBeCut(rows); start += keysAtOnce) {
      // One shape for any number: the last key stands in every place that is left.
      const named = Array.from({ length: keysAtOnce }, (_, at) => [`key${at}`, keys[Math.min(start + at, keys.length - 1)] ?? ''])
      const values = { queue, ...(Object.fromEntries(named) as Record<string, string>) }
      const { withKeys, sizesWithKeys } = this.#statements
      rows.push(...await this.#fitting((limit) => withKeys({ ...values, limit }), (limit) => sizesWithKeys({ ...values, limit }), Math.min(keysAtOnce, keys.length - start), call))
    }
    return rows
  }

  async requested(queue: string, requestId: string, call: Call): Promise<Seen<readonly JobRow[]> | undefined> {
    const request = await this.#connection.queryOne<{ token: string }>(this.#statements.request({ queue, requestId }), call)
    return request && leasedOf(await this.#connection.query<StoredJob>(this.#statements.leased({ token: request.token }), call))
  }

  async page({ queue, state, fromMs, toMs, after, limit }: JobRange, call: Call): Promise<readonly JobRow[]> {
    const last = after ? Math.min(after.at, toMs - 1) : toMs - 1
    const before = after && after.at <= last ? after.id : afterEveryId
    const values = { queue, state, from: fromMs, last, before }
    const { page, pageSizes } = this.#statements
    return this.#fitting((most) => page({ ...values, limit: most }), (most) => pageSizes({ ...values, limit: most }), limit, call)
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

  async setPaused(queue: string, pause: Pause | undefined, call: Call): Promise<void> {
    const keepsReason = pause && pause.reason === undefined
    const statement = keepsReason ? this.#statements.pause({ queue }) : this.#statements.setPaused({ queue, paused: pause ? 1 : 0, reason: pause?.reason ?? null })
    await this.#connection.execute([statement], call)
  }

  async paused(queue: string, call: Call): Promise<Pause | undefined> {
    const found = await this.#connection.queryOne<{ reason: string | null }>(this.#statements.paused({ queue }), call)
    return found && { reason: found.reason ?? undefined }
  }

  async due(call: Call, waitedOn?: readonly string[]): Promise<Seen<Due>> {
    const statement = waitedOn && waitedOn.length > 0 ? this.#statements.dueAndInLine(waitedOnValues(waitedOn)) : this.#statements.due({})
    const row = await this.#connection.queryOne<DueRow>(statement, call)
    return {
      nowMs: row?.now ?? 0,
      found: {
        scheduled: row?.scheduled ?? undefined, lapsing: earliest(row?.active, row?.ready), finished: earliest(row?.done, row?.dead, row?.cancelled, row?.requests), tick: row?.tick ?? undefined,
        inLine: waitedOn?.filter((_, at) => row?.[`in_line${at}`] === 1),
      },
    }
  }

  async promote(limit: number, call: Call): Promise<number> {
    const [promoted] = await this.#connection.execute([this.#statements.promote({ limit })], call)
    return promoted ?? 0
  }

  async overdue(limit: number, call: Call): Promise<readonly JobRow[]> {
    const { overdue, overdueSizes } = this.#statements
    const pages = await Promise.all(['active', 'ready'].map((state) => this.#fitting((most) => overdue({ limit: most, state }), (most) => overdueSizes({ limit: most, state }), limit, call)))
    return pages.flat().slice(0, limit)
  }

  async sweep(limit: number, call: Call): Promise<number> {
    const program = [...finishedStates.map((state) => this.#statements.sweepJobs({ state, limit })), this.#statements.sweepRequests({ limit })]
    const [done = 0, dead = 0, cancelled = 0] = await this.#connection.execute(program, call)
    return done + dead + cancelled
  }

  schedules(call: Call, only?: ScheduleName): Promise<Seen<readonly ScheduleRow[]>> {
    return this.#schedules.find(only, call)
  }

  putSchedule(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[], call: Call): Promise<boolean> {
    return this.#schedules.put(row, expected, jobs, call)
  }

  dropSchedule(row: ScheduleRow, call: Call): Promise<boolean> {
    return this.#schedules.drop(row, call)
  }

  wake(queue: string): void {
    this.#connection.signals.send(`${this.#channel}.${queue}`)
  }

  onWake(queue: string, listener: () => void): () => void {
    return this.#connection.signals.on(`${this.#channel}.${queue}`, listener)
  }

  /** The first `limit` rows, as far as they fit: where those are many, how large each is is asked before. */
  async #fitting(rows: (limit: number) => Statement, sizes: (limit: number) => Statement, limit: number, call: Call): Promise<readonly JobRow[]> {
    let most = limit
    if (limit > surelyFitting) most = fittingAtOnce((await this.#connection.query<{ size: number }>(sizes(limit), call, { long: limit > 100 })).map(({ size }) => size))
    return most === 0 ? [] : (await this.#connection.query<StoredJob>(rows(most), call, { long: most > 100 })).map(toRow)
  }

  /** The ack last: it is what counts. Who comes next in its lane is found before, for a finished job has none. */
  #acking({ result, lanes, ...done }: Acked): readonly SqlStep[] {
    const ack = this.#statements.ack({ ...done, result: result ?? null })
    return lanes ? [...this.#limits.passing(done), ack] : [ack]
  }

  /** What the line has from there; from its beginning before it says that there is none. */
  async #leaseFrom(start: LineStart, wanted: LeaseWanted, call: Call): Promise<Leased | undefined> {
    const lease = wanted.max === 1 ? this.#statements.lease : this.#statements.leaseSome
    const taken = await this.#take([lease({ ...valuesOf(wanted), from: start.rank })], wanted, call)
    if (!taken) return undefined
    this.#starts.found(wanted.queue, start, taken.rows)
    return taken.rows.length > 0 || start.whole ? leasedOf(taken.rows) : this.#leaseFrom(this.#starts.whole(wanted.queue), wanted, call)
  }

  /** Runs a program that leases, and keeps the request when it got a job; undefined when the request is taken. */
  async #take(program: readonly SqlStep[], { queue, requestId, token }: LeaseWanted, call: Call): Promise<Taken | undefined> {
    const leased = this.#statements.leased({ token })
    if (requestId === undefined) return this.#connection.executeAndQuery<StoredJob>(program, leased, call)
    const request = { queue, requestId }
    const kept = [...program, this.#statements.dropRequest(request), this.#statements.keepRequest({ ...request, token, keepMs: requestMs })]
    try {
      return await this.#connection.executeAndQuery<StoredJob>(kept, leased, call)
    } catch (error) {
      if (error instanceof SqlRefusal) return undefined
      throw error
    }
  }
}

function valuesOf({ queue, max, leaseMs, token, worker }: LeaseWanted): Record<LeaseName, string | number | null> {
  return { queue, max, leaseMs, token, worker: worker ?? null }
}

function leasedOf(stored: readonly StoredJob[]): Seen<readonly JobRow[]> {
  return { found: stored.map(toRow), nowMs: stored[0]?.now ?? 0 }
}

function earliest(...times: readonly (number | null | undefined)[]): number | undefined {
  const known = times.filter((time) => typeof time === 'number')
  return known.length > 0 ? Math.min(...known) : undefined
}
