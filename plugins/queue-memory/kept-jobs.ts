import { OrderedMap } from '../../kernel/ports/ordered-map.ts'
import type { JobState } from '../../kernel/ports/queue/index.ts'
import { type KeptJob, timeKey } from './kept-job.ts'
import { QueueIndex } from './queue-index.ts'

/** What time does to a job: a scheduled one is ready, a lease or a deadline is over, a finished one goes. */
export type Turn = 'scheduled' | 'lapsing' | 'finished'

const turnOf: Readonly<Record<JobState, Turn>> = { scheduled: 'scheduled', ready: 'lapsing', active: 'lapsing', done: 'finished', dead: 'finished', cancelled: 'finished' }

/** What was put in place of what. */
export interface Change {
  readonly before: KeptJob | undefined
  readonly after: KeptJob | undefined
}

/** All jobs of a binding: by id, by key, by lease, by what time does to them, and by queue. */
export class KeptJobs {
  sizeBytes = 0
  readonly #byId = new Map<string, KeptJob>()
  readonly #byKey = new Map<string, KeptJob>()
  readonly #byToken = new Map<string, Map<string, KeptJob>>()
  readonly #due: Readonly<Record<Turn, OrderedMap<KeptJob>>> = { scheduled: new OrderedMap(), lapsing: new OrderedMap(), finished: new OrderedMap() }
  readonly #queues = new Map<string, QueueIndex>()

  get(id: string): KeptJob | undefined {
    return this.#byId.get(id)
  }

  withKey(queue: string, key: string): KeptJob | undefined {
    return this.#byKey.get(keyOf(queue, key))
  }

  /** What this lease holds, in the order of the line. */
  leased(token: string): readonly KeptJob[] {
    return [...(this.#byToken.get(token)?.values() ?? [])].sort(({ row: a }, { row: b }) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
  }

  in(queue: string): QueueIndex {
    let index = this.#queues.get(queue)
    if (!index) this.#queues.set(queue, (index = new QueueIndex()))
    return index
  }

  /** When the first of these is due. */
  earliest(turn: Turn): number | undefined {
    return this.#due[turn].first()?.row.dueAt
  }

  due(turn: Turn, nowMs: number, limit: number): readonly KeptJob[] {
    const found: KeptJob[] = []
    for (const kept of this.#due[turn].values({ upper: { key: timeKey(nowMs + 1, ''), open: true }, reverse: false })) {
      if (found.length >= limit) break
      found.push(kept)
    }
    return found
  }

  put({ before, after }: Change): void {
    if (before) this.#remove(before)
    if (after) this.#add(after)
    this.sizeBytes += (after?.sizeBytes ?? 0) - (before?.sizeBytes ?? 0)
  }

  clear(): void {
    for (const map of [this.#byId, this.#byKey, this.#byToken, this.#queues, ...Object.values(this.#due)]) map.clear()
    this.sizeBytes = 0
  }

  #add(kept: KeptJob): void {
    const { row } = kept
    this.#byId.set(row.id, kept)
    if (row.key !== undefined) this.#byKey.set(keyOf(row.queue, row.key), kept)
    if (row.dueAt !== undefined) this.#due[turnOf[row.state]].set(timeKey(row.dueAt, row.id), kept)
    this.in(row.queue).add(kept)
    if (row.state !== 'active' || row.token === undefined) return
    const leased = this.#byToken.get(row.token)
    if (leased) leased.set(row.id, kept)
    else this.#byToken.set(row.token, new Map([[row.id, kept]]))
  }

  #remove(kept: KeptJob): void {
    const { row } = kept
    this.#byId.delete(row.id)
    if (row.key !== undefined) this.#byKey.delete(keyOf(row.queue, row.key))
    if (row.dueAt !== undefined) this.#due[turnOf[row.state]].delete(timeKey(row.dueAt, row.id))
    this.in(row.queue).remove(kept)
    if (row.state !== 'active' || row.token === undefined) return
    const leased = this.#byToken.get(row.token)
    leased?.delete(row.id)
    if (leased?.size === 0) this.#byToken.delete(row.token)
  }
}

function keyOf(queue: string, key: string): string {
  // No queue's name has a slash.
  return `${queue}/${key}`
}
