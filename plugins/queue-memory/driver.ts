import type { Call, Clock, Commits, Refusal } from '../../kernel/plugin.ts'
import { type Acked, type AddedRow, type Due, type JobRange, type JobRow, type Leased, type LeaseWanted, queueError, type Pause, type RowQueue, type ScheduleName, type ScheduleRow, type Seen, type StateCount } from '../../kernel/ports/queue/index.ts'
import { Batch, isLive } from './batch.ts'
import { toKept } from './kept-job.ts'
import { KeptJobs } from './kept-jobs.ts'
import { pay, pick, roomIn } from './picking.ts'
import { requestBytes, Requests } from './requests.ts'
import { Schedules } from './schedules.ts'
import { Signals } from '../../kernel/ports/sql/index.ts'

export type MemoryStep =
  | { readonly do: 'add'; readonly row: AddedRow }
  | { readonly do: 'ack'; readonly done: Acked }

interface Settings {
  readonly binding: string
  readonly clock: Clock
  readonly maxSizeBytes: number
}

/** Of `maxSizeBytes` what jobs may take when they are added; the rest is for what workers tell of them. */
const addedShare = 7 / 8

/** Jobs in the memory of this process. Whatever changes them runs in one go, so nobody sees half of it. */
export class MemoryQueue implements RowQueue<MemoryStep>, Commits<MemoryStep> {
  readonly keeps = 'rows'
  readonly wakesReach = 'everyone'
  readonly #binding: string
  readonly #clock: Clock
  readonly #maxSizeBytes: number
  readonly #jobs = new KeptJobs()
  readonly #requests = new Requests()
  readonly #schedules = new Schedules()
  readonly #signals = new Signals()

  constructor({ binding, clock, maxSizeBytes }: Settings) {
    this.#binding = binding
    this.#clock = clock
    this.#maxSizeBytes = maxSizeBytes
  }

  get commits(): this {
    return this
  }

  /** What all that is kept takes, in bytes. */
  get sizeBytes(): number {
    return this.#jobs.sizeBytes + this.#requests.sizeBytes + this.#schedules.sizeBytes
  }

  insert(rows: readonly AddedRow[]): readonly MemoryStep[] {
    return rows.map((row) => ({ do: 'add', row }))
  }

  ackSteps(done: Acked): readonly MemoryStep[] {
    return [{ do: 'ack', done }]
  }

  async commit(steps: readonly MemoryStep[]): Promise<Refusal | undefined> {
    return this.#commit(steps)
  }

  async lease(wanted: LeaseWanted): Promise<Leased | undefined> {
    const { queue, max, token, requestId, limits = {} } = wanted
    const nowMs = this.#clock.now()
    if (requestId !== undefined) {
      if (this.#requests.get(queue, requestId, nowMs) !== undefined) return undefined
      this.#demandRoom(requestBytes)
    }
    const index = this.#jobs.in(queue)
    if (index.pause) return { found: [], nowMs }

    const room = roomIn(index, limits, nowMs)
    const { jobs, full } = pick(index, Math.min(max, room.jobs), limits, nowMs)
    for (const before of full) this.#jobs.put({ before, after: { ...before, aside: true } })
    const batch = new Batch(this.#jobs, nowMs)
    const found = jobs.map((kept) => batch.put(kept, leased(kept.row, wanted, nowMs)))
    if (found.length === 0) return { found, nowMs, againInMs: index.lineIsEmpty ? undefined : room.againInMs }
    pay(index, limits, found.length, nowMs)
    if (requestId !== undefined) this.#requests.keep(queue, requestId, token, nowMs)
    return { found, nowMs }
  }

  async ack(done: Acked): Promise<boolean> {
    return !this.#commit([{ do: 'ack', done }])
  }

  async read(id: string): Promise<Seen<JobRow> | undefined> {
    const kept = this.#jobs.get(id)
    return kept && this.#seen(kept.row)
  }

  async replace(rows: readonly JobRow[], live: boolean): Promise<readonly boolean[]> {
    return rows.map((row) => {
      const kept = this.#jobs.get(row.id)
      if (kept?.row.revision !== row.revision || (live && !isLive(kept.row, this.#clock.now()))) return false

      const after = toKept({ ...row, revision: row.revision + 1 })
      // What time does to a job is told in a few words, and must not fail.
      if (live || row.payload.length > kept.row.payload.length) this.#demandRoom(after.sizeBytes - kept.sizeBytes)
      this.#jobs.put({ before: kept, after })
      if (row.lane !== undefined && !row.holds) new Batch(this.#jobs, this.#clock.now()).callUp(row.queue, row.lane)
      return true
    })
  }

  async withKeys(queue: string, keys: readonly string[]): Promise<readonly JobRow[]> {
    return keys.flatMap((key) => this.#jobs.withKey(queue, key)?.row ?? [])
  }

  async requested(queue: string, requestId: string): Promise<Seen<readonly JobRow[]> | undefined> {
    const nowMs = this.#clock.now()
    const token = this.#requests.get(queue, requestId, nowMs)
    return token === undefined ? undefined : this.#seen(this.#jobs.leased(token).map(({ row }) => row).filter((row) => isLive(row, nowMs)))
  }

  async page(range: JobRange): Promise<readonly JobRow[]> {
    return this.#jobs.in(range.queue).page(range).map(({ row }) => row)
  }

  async counts(queue: string): Promise<Seen<readonly StateCount[]> & { readonly oldestReadyAt?: number | undefined }> {
    const index = this.#jobs.in(queue)
    return { ...this.#seen(index.counts()), oldestReadyAt: index.oldestReadyAt() }
  }

  async remove({ id, revision }: JobRow): Promise<boolean> {
    const kept = this.#jobs.get(id)
    if (kept?.row.revision !== revision) return false
    this.#jobs.put({ before: kept, after: undefined })
    return true
  }

  async setPaused(queue: string, pause: Pause | undefined): Promise<void> {
    const index = this.#jobs.in(queue)
    index.pause = pause && { reason: pause.reason ?? index.pause?.reason }
  }

  async paused(queue: string): Promise<Pause | undefined> {
    return this.#jobs.in(queue).pause
  }

  async due(): Promise<Seen<Due>> {
    const finished = Math.min(this.#jobs.earliest('finished') ?? Number.POSITIVE_INFINITY, this.#requests.earliest() ?? Number.POSITIVE_INFINITY)
    return this.#seen({
      scheduled: this.#jobs.earliest('scheduled'), lapsing: this.#jobs.earliest('lapsing'), tick: this.#schedules.earliest(),
      finished: Number.isFinite(finished) ? finished : undefined,
    })
  }

  async promote(limit: number): Promise<number> {
    const due = this.#jobs.due('scheduled', this.#clock.now(), limit)
    for (const before of due) this.#jobs.put({ before, after: toKept({ ...before.row, state: 'ready', dueAt: before.row.deadlineAt, revision: before.row.revision + 1 }) })
    return due.length
  }

  async overdue(limit: number): Promise<readonly JobRow[]> {
    return this.#jobs.due('lapsing', this.#clock.now(), limit).map(({ row }) => row)
  }

  async sweep(limit: number): Promise<number> {
    return this.#sweep(limit)
  }

  async schedules(_call: Call, only?: ScheduleName): Promise<Seen<readonly ScheduleRow[]>> {
    return this.#seen(this.#schedules.all().filter(({ queue, name }) => !only || (queue === only.queue && name === only.name)))
  }

  async putSchedule(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[]): Promise<boolean> {
    if (!this.#schedules.isAt(row, expected)) return false
    // One that is there already, for a schedule was dropped and came again, is left as it is.
    const absent = jobs.filter(({ id, queue, key }) => !this.#jobs.get(id) && (key === undefined || !this.#jobs.withKey(queue, key)))
    this.#commit(this.insert(absent))
    this.#schedules.put(row)
    return true
  }

  async dropSchedule(row: ScheduleRow): Promise<boolean> {
    if (!this.#schedules.isAt(row, row.revision)) return false
    this.#schedules.drop(row)
    return true
  }

  wake(queue: string): void {
    this.#signals.send(queue)
  }

  onWake(queue: string, listener: () => void): () => void {
    return this.#signals.on(queue, listener)
  }

  close(): void {
    for (const kept of [this.#jobs, this.#requests, this.#schedules]) kept.clear()
  }

  #seen<T>(found: T): Seen<T> {
    return { found, nowMs: this.#clock.now() }
  }

  /** Applies all steps or none. @throws QUEUE_FULL */
  #commit(steps: readonly MemoryStep[]): Refusal | undefined {
    const outcome = this.#tryAll(steps)
    if (outcome !== 'full') return outcome

    this.#sweep(Number.POSITIVE_INFINITY)
    const again = this.#tryAll(steps)
    if (again === 'full') throw this.#full()
    return again
  }

  #tryAll(steps: readonly MemoryStep[]): Refusal | 'full' | undefined {
    const batch = new Batch(this.#jobs, this.#clock.now())
    for (const [step, one] of steps.entries()) {
      const reason = one.do === 'add' ? batch.add(one.row) : batch.finish(one.done)
      if (!reason) continue
      batch.undo()
      return { step, reason }
    }
    const maxBytes = steps.some((one) => one.do === 'add') ? this.#maxSizeBytes * addedShare : this.#maxSizeBytes
    if (batch.grownBytes <= 0 || this.sizeBytes <= maxBytes) return undefined
    batch.undo()
    return 'full'
  }

  #sweep(limit: number): number {
    const nowMs = this.#clock.now()
    const due = this.#jobs.due('finished', nowMs, limit)
    for (const kept of due) this.#jobs.put({ before: kept, after: undefined })
    this.#requests.sweep(nowMs)
    return due.length
  }

  /** Of what one job takes more than before. @throws QUEUE_FULL */
  #demandRoom(bytes: number): void {
    if (bytes <= 0 || this.sizeBytes + bytes <= this.#maxSizeBytes) return
    // What was kept long enough makes room first.
    this.#sweep(Number.POSITIVE_INFINITY)
    if (this.sizeBytes + bytes > this.#maxSizeBytes) throw this.#full()
  }

  #full(): Error {
    return queueError('QUEUE_FULL', { binding: this.#binding, maxBytes: this.#maxSizeBytes })
  }
}

function leased(row: JobRow, { leaseMs, token, worker }: LeaseWanted, nowMs: number): JobRow {
  const until = Math.min(nowMs + leaseMs, row.deadlineAt ?? Number.POSITIVE_INFINITY)
  return { ...row, state: 'active', holds: row.lane !== undefined, token, worker, leaseUntil: until, dueAt: until, attempt: row.attempt + 1, revision: row.revision + 1 }
}
