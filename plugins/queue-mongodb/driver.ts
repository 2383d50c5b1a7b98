import { setTimeout as sleep } from 'node:timers/promises'
import type { Call, Commits, Refusal } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoDocument, MongoFilter, MongoFind } from '../../kernel/ports/mongodb/index.ts'
import { type Acked, type AddedRow, type Due, fittingAtOnce, type JobRange, type JobRow, type JobState, type Leased, type LeaseWanted, type Pause, type RowQueue, type ScheduleName, type ScheduleRow, type Seen, type StateCount } from '../../kernel/ports/queue/index.ts'
import { Signals } from '../../kernel/ports/sql/index.ts'
import { Batches } from './batches.ts'
import { beginning, timeText, toDocument, toFields, toRow, type Turn } from './documents.ts'
import { lookAhead } from './due.ts'
import { HiddenJobs, isHidden } from './hidden.ts'
import { heldBy, leaseJobs } from './leasing.ts'
import type { Places } from './places.ts'
import { Requests } from './requests.ts'
import { Schedules } from './schedules.ts'

const states: readonly JobState[] = ['scheduled', 'ready', 'active', 'done', 'dead', 'cancelled']
/** So many jobs fit in memory, however large they are. */
const surelyFitting = 16
/** A batch that has a key is waited for this often, so long each time. */
const looks = 25
const lookMs = 20
/** So many batches whose writers are gone are settled in one sweep. */
const lateAtOnce = 16
/** Wake-ups reach whoever stands on the same connection. */
const signalsOf = new WeakMap<MongoConnection, Signals>()

/** Jobs in MongoDB, a document each; whatever changes one compares its revision or its lease, so one server's word is enough. */
export class MongoQueue implements RowQueue<AddedRow> {
  readonly keeps = 'rows'
  readonly wakesReach = 'process'
  readonly commits: Commits<AddedRow>
  readonly #connection: MongoConnection
  readonly #places: Places
  readonly #hidden: HiddenJobs
  readonly #batches: Batches
  readonly #requests: Requests
  readonly #schedules: Schedules
  readonly #signals: Signals

  constructor(connection: MongoConnection, places: Places) {
    this.#connection = connection
    this.#places = places
    this.#hidden = new HiddenJobs(connection, places.jobs)
    this.#batches = new Batches(connection, places.batches, this.#hidden)
    this.#requests = new Requests(connection, places.requests)
    this.#schedules = new Schedules(connection, places, this.#hidden)
    this.#signals = signalsOf.get(connection) ?? new Signals()
    signalsOf.set(connection, this.#signals)
    this.commits = { commit: (rows, call) => this.#add(rows, call) }
  }

  insert(rows: readonly AddedRow[]): readonly AddedRow[] {
    return rows
  }

  async lease(wanted: LeaseWanted, call: Call): Promise<Leased | undefined> {
    const { queue, requestId, token } = wanted
    if (requestId === undefined) return leaseJobs(this.#connection, this.#places, wanted, call)
    if (!(await this.#requests.take(queue, requestId, token, call))) return undefined
    const leased = await leaseJobs(this.#connection, this.#places, wanted, call)
    await this.#requests.end(queue, requestId, token, leased.found.length > 0, call)
    return leased
  }

  async ack({ id, queue, token, result, keepMs }: Acked, call: Call): Promise<boolean> {
    const seen = await this.read(id, call)
    if (seen?.found.queue !== queue || seen.found.state !== 'active' || seen.found.token !== token) return false
    const { found, nowMs } = seen
    const [written] = await this.replace([{ ...found, state: 'done', result, finishedAt: nowMs, dueAt: nowMs + keepMs }], true, call)
    // An extension came between.
    return written === true || this.ack({ id, queue, token, result, keepMs, lanes: false }, call)
  }

  ackSteps(): never {
    throw new RangeError('a queue on MongoDB joins no unit of work')
  }

  async read(id: string, call: Call): Promise<Seen<JobRow> | undefined> {
    const document = await this.#connection.get(this.#places.jobs, id, call)
    return document && !isHidden(document) ? { found: toRow(document), nowMs: await this.#connection.now(call) } : undefined
  }

  async replace(rows: readonly JobRow[], live: boolean, call: Call): Promise<readonly boolean[]> {
    const nowMs = await this.#connection.now(call)
    return Promise.all(rows.map(async (row) => {
      const filter = { _id: row.id, revision: row.revision, ...(live && { leaseUntil: { $gt: nowMs } }) }
      return (await this.#connection.commit([{ do: 'replace', collection: this.#places.jobs, filter, document: toDocument({ ...row, revision: row.revision + 1 }) }], call)) === undefined
    }))
  }

  async withKeys(queue: string, keys: readonly string[], call: Call): Promise<readonly JobRow[]> {
    for (let look = 0; ; look++) {
      const found = await this.#fitting({ key: { $in: keys.map((key) => `${queue}/${key}`) } }, { limit: keys.length, index: 'key' }, call)
      const decided = found.filter((document) => !isHidden(document))
      if (decided.length === found.length || look === looks) return decided.map(toRow)
      await sleep(lookMs)
    }
  }

  async requested(queue: string, requestId: string, call: Call): Promise<Seen<readonly JobRow[]> | undefined> {
    const token = await this.#requests.get(queue, requestId, call)
    return token === undefined ? undefined : heldBy(this.#connection, this.#places.jobs, token, call)
  }

  async page({ queue, state, fromMs, toMs, after, limit }: JobRange, call: Call): Promise<readonly JobRow[]> {
    const of = `${queue}/${state}/`
    const end = `${of}${timeText(toMs)}`
    const place = after ? `${of}${timeText(after.at)}${after.id}` : end
    const within = { $gte: `${of}${timeText(fromMs)}`, $lt: place < end ? place : end }
    return (await this.#fitting({ listed: within }, { sort: { listed: -1 }, limit, index: 'listed' }, call)).map(toRow)
  }

  async counts(queue: string, call: Call): Promise<Seen<readonly StateCount[]> & { readonly oldestReadyAt?: number | undefined }> {
    const { jobs } = this.#places
    const [[oldest], ...found] = await Promise.all([
      this.#connection.find(jobs, { oldest: beginning(`${queue}/`) }, { sort: { oldest: 1 }, limit: 1, index: 'oldest' }, call),
      ...states.map(async (state) => ({ state, count: await this.#connection.count(jobs, { listed: beginning(`${queue}/${state}/`) }, 'listed', call) })),
    ])
    return { found, nowMs: await this.#connection.now(call), oldestReadyAt: oldest && toRow(oldest).runAt }
  }

  async remove({ id, revision }: JobRow, call: Call): Promise<boolean> {
    return (await this.#connection.commit([{ do: 'delete', collection: this.#places.jobs, filter: { _id: id, revision } }], call)) === undefined
  }

  async setPaused(queue: string, pause: Pause | undefined, call: Call): Promise<void> {
    const collection = this.#places.paused
    if (!pause) {
      await this.#connection.remove(collection, { _id: queue }, call)
      return
    }
    const reason = pause.reason !== undefined && { reason: pause.reason }
    const refused = await this.#connection.commit([{ do: 'insert', collection, document: { _id: queue, ...reason } }], call)
    // It is paused already.
    if (refused && reason) await this.#connection.change(collection, [{ filter: { _id: queue }, set: reason }], call)
  }

  async paused(queue: string, call: Call): Promise<Pause | undefined> {
    const found = await this.#connection.get(this.#places.paused, queue, call)
    return found && (typeof found['reason'] === 'string' ? { reason: found['reason'] } : {})
  }

  async due(call: Call, waitedOn?: readonly string[]): Promise<Seen<Due>> {
    return { found: await lookAhead(this.#connection, this.#places, waitedOn, call), nowMs: await this.#connection.now(call) }
  }

  async promote(limit: number, call: Call): Promise<number> {
    const rows = await this.#duePart('scheduled', limit, call)
    await this.#connection.change(this.#places.jobs, rows.map((row) => ({
      filter: { _id: row.id, revision: row.revision }, ...toFields({ ...row, state: 'ready', dueAt: row.deadlineAt, revision: row.revision + 1 }),
    })), call)
    return rows.length
  }

  overdue(limit: number, call: Call): Promise<readonly JobRow[]> {
    return this.#duePart('lapsing', limit, call)
  }

  async sweep(limit: number, call: Call): Promise<number> {
    await Promise.all([this.#requests.sweep(call), this.#batches.sweep(call), this.#settleLate(call)])
    const rows = await this.#connection.find(this.#places.jobs, await this.#dueFilter('finished', call), { sort: { due: 1 }, limit, index: 'due', only: ['_id'] }, call)
    if (rows.length === 0) return 0
    // What was put back to work meanwhile is due as another.
    return this.#connection.remove(this.#places.jobs, { _id: { $in: rows.map(({ _id }) => _id) }, state: { $in: ['done', 'dead', 'cancelled'] } }, call)
  }

  async schedules(call: Call, only?: ScheduleName): Promise<Seen<readonly ScheduleRow[]>> {
    return { found: await this.#schedules.find(only, call), nowMs: await this.#connection.now(call) }
  }

  async putSchedule(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[], call: Call): Promise<boolean> {
    const rows = await this.#timed(jobs, call)
    return expected === undefined ? this.#schedules.make(row, rows, call) : this.#schedules.change(row, expected, rows, call)
  }

  dropSchedule(row: ScheduleRow, call: Call): Promise<boolean> {
    return this.#schedules.drop(row, call)
  }

  wake(queue: string): void {
    this.#signals.send(`${this.#places.jobs}.${queue}`)
  }

  onWake(queue: string, listener: () => void): () => void {
    return this.#signals.on(`${this.#places.jobs}.${queue}`, listener)
  }

  async #add(added: readonly AddedRow[], call: Call): Promise<Refusal | undefined> {
    const rows = await this.#timed(added, call)
    const [only] = rows
    if (!only) return undefined
    if (rows.length > 1) return this.#batches.add(rows, call)
    return this.#connection.commit([{ do: 'insert', collection: this.#places.jobs, document: toDocument(only) }], call)
  }

  async #timed(added: readonly AddedRow[], call: Call): Promise<readonly JobRow[]> {
    const nowMs = await this.#connection.now(call)
    return added.map(({ delayMs, ...row }): JobRow => (delayMs === undefined ? row : { ...row, dueAt: nowMs + delayMs }))
  }

  async #settleLate(call: Call): Promise<void> {
    for (let settled = 0; settled < lateAtOnce; settled++) {
      const late = await this.#hidden.late(call)
      if (!late) return
      await (late.tick ? this.#schedules.settle(late.batch, late.tick, call) : this.#batches.settle(late.batch, call))
    }
  }

  async #duePart(turn: Turn, limit: number, call: Call): Promise<readonly JobRow[]> {
    return (await this.#fitting(await this.#dueFilter(turn, call), { sort: { due: 1 }, limit, index: 'due' }, call)).map(toRow)
  }

  async #dueFilter(turn: Turn, call: Call): Promise<MongoFilter> {
    return { due: { $gte: `${turn}/`, $lt: `${turn}/${timeText((await this.#connection.now(call)) + 1)}` } }
  }

  /** What is found, as far as it fits: where that may be many, how large each is is asked before. */
  async #fitting(filter: MongoFilter, find: MongoFind & { readonly limit: number }, call: Call): Promise<readonly MongoDocument[]> {
    const { jobs } = this.#places
    if (find.limit <= surelyFitting) return this.#connection.find(jobs, filter, find, call)
    const limit = fittingAtOnce((await this.#connection.find(jobs, filter, { ...find, only: ['size'] }, call)).map((document) => Number(document['size'])))
    return limit === 0 ? [] : this.#connection.find(jobs, filter, { ...find, limit }, call)
  }
}
