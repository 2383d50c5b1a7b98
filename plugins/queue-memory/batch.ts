import type { Refusal } from '../../kernel/plugin.ts'
import type { Acked, AddedRow, JobRow } from '../../kernel/ports/queue/index.ts'
import { type KeptJob, toKept } from './kept-job.ts'
import type { Change, KeptJobs } from './kept-jobs.ts'

/** Changes that can be taken back together. */
export class Batch {
  readonly #jobs: KeptJobs
  readonly #nowMs: number
  readonly #sizeBytes: number
  readonly #changes: Change[] = []

  constructor(jobs: KeptJobs, nowMs: number) {
    this.#jobs = jobs
    this.#nowMs = nowMs
    this.#sizeBytes = jobs.sizeBytes
  }

  get grownBytes(): number {
    return this.#jobs.sizeBytes - this.#sizeBytes
  }

  /** Why the job cannot be added; undefined when it was. */
  add({ delayMs, ...row }: AddedRow): Refusal['reason'] | undefined {
    if (this.#jobs.get(row.id) || (row.key !== undefined && this.#jobs.withKey(row.queue, row.key))) return 'unique'
    this.put(undefined, delayMs === undefined ? row : { ...row, dueAt: this.#nowMs + delayMs })
    return undefined
  }

  /** Why the job cannot be done; undefined when it is. */
  finish({ id, queue, token, result, keepMs }: Acked): Refusal['reason'] | undefined {
    const kept = this.#jobs.get(id)
    if (kept?.row.state !== 'active' || kept.row.queue !== queue || kept.row.token !== token || !isLive(kept.row, this.#nowMs)) return 'count'

    const { lane, revision } = kept.row
    this.put(kept, { ...kept.row, state: 'done', result, finishedAt: this.#nowMs, dueAt: this.#nowMs + keepMs, revision: revision + 1 })
    if (lane !== undefined) this.callUp(queue, lane)
    return undefined
  }

  /** The first of those that were set aside in this lane comes into line. */
  callUp(queue: string, lane: string): void {
    const before = this.#jobs.in(queue).nextAside(lane)
    if (before) this.#change({ before, after: { ...before, aside: false } })
  }

  put(before: KeptJob | undefined, row: JobRow): JobRow {
    const after = toKept(row)
    this.#change({ before, after })
    return after.row
  }

  undo(): void {
    for (const { before, after } of this.#changes.toReversed()) this.#jobs.put({ before: after, after: before })
  }

  #change(change: Change): void {
    this.#jobs.put(change)
    this.#changes.push(change)
  }
}

/** While the lease of the row lasts. */
export function isLive({ leaseUntil }: JobRow, nowMs: number): boolean {
  return leaseUntil !== undefined && leaseUntil > nowMs
}
