import { OrderedMap } from '../../kernel/ports/ordered-map.ts'
import type { JobRange, JobState, Pause, StateCount } from '../../kernel/ports/queue/index.ts'
import { type KeptJob, timeKey } from './kept-job.ts'

/** Jobs of one key: how many take a place, and who waits for one. */
interface Lane {
  holders: number
  asideCount: number
  readonly aside: OrderedMap<KeptJob>
}

interface Listed {
  count: number
  readonly jobs: OrderedMap<KeptJob>
}

/** The jobs of one queue, by each order in which they are asked for. */
export class QueueIndex {
  pause: Pause | undefined
  /** When the rate's bucket is full again, in µs. */
  fullAtUs = 0
  readonly #line = new OrderedMap<KeptJob>()
  readonly #readyByTime = new OrderedMap<KeptJob>()
  readonly #listed = new Map<JobState, Listed>()
  readonly #lanes = new Map<string, Lane>()

  add(kept: KeptJob): void {
    const { row, aside } = kept
    const listed = this.#listedIn(row.state)
    listed.count++
    listed.jobs.set(listKey(kept), kept)
    if (row.state === 'ready') {
      this.#readyByTime.set(timeKey(row.runAt, row.id), kept)
      if (!aside) this.#line.set(rankKey(kept), kept)
    }
    if (row.lane === undefined) return
    const lane = this.#laneOf(row.lane)
    if (row.holds) lane.holders++
    if (aside) {
      lane.asideCount++
      lane.aside.set(rankKey(kept), kept)
    }
  }

  remove(kept: KeptJob): void {
    const { row, aside } = kept
    const listed = this.#listedIn(row.state)
    listed.count--
    listed.jobs.delete(listKey(kept))
    if (row.state === 'ready') {
      this.#readyByTime.delete(timeKey(row.runAt, row.id))
      if (!aside) this.#line.delete(rankKey(kept))
    }
    if (row.lane === undefined) return
    const lane = this.#laneOf(row.lane)
    if (row.holds) lane.holders--
    if (aside) {
      lane.asideCount--
      lane.aside.delete(rankKey(kept))
    }
    if (lane.holders === 0 && lane.asideCount === 0) this.#lanes.delete(row.lane)
  }

  /** Who stands in line, the first first. The jobs must not change meanwhile. */
  line(): Generator<KeptJob> {
    return this.#line.values({ reverse: false })
  }

  get lineIsEmpty(): boolean {
    return this.#line.first() === undefined
  }

  holders(lane: string): number {
    return this.#lanes.get(lane)?.holders ?? 0
  }

  /** The first of those that wait for a place in this lane. */
  nextAside(lane: string): KeptJob | undefined {
    return this.#lanes.get(lane)?.aside.first()
  }

  page({ state, fromMs, toMs, after, limit }: JobRange): readonly KeptJob[] {
    const end = timeKey(toMs, '')
    const place = after ? timeKey(after.at, after.id) : end
    const found: KeptJob[] = []
    for (const kept of this.#listedIn(state).jobs.values({ lower: { key: timeKey(fromMs, ''), open: false }, upper: { key: place < end ? place : end, open: true }, reverse: true })) {
      if (found.length >= limit) break
      found.push(kept)
    }
    return found
  }

  count(state: JobState): number {
    return this.#listed.get(state)?.count ?? 0
  }

  counts(): readonly StateCount[] {
    return [...this.#listed].map(([state, { count }]) => ({ state, count }))
  }

  oldestReadyAt(): number | undefined {
    return this.#readyByTime.first()?.row.runAt
  }

  #listedIn(state: JobState): Listed {
    let listed = this.#listed.get(state)
    if (!listed) this.#listed.set(state, (listed = { count: 0, jobs: new OrderedMap() }))
    return listed
  }

  #laneOf(name: string): Lane {
    let lane = this.#lanes.get(name)
    if (!lane) this.#lanes.set(name, (lane = { holders: 0, asideCount: 0, aside: new OrderedMap() }))
    return lane
  }
}

function rankKey({ row }: KeptJob): string {
  return timeKey(row.rank, row.id)
}

function listKey({ row }: KeptJob): string {
  return timeKey(row.finishedAt ?? row.enqueuedAt, row.id)
}
