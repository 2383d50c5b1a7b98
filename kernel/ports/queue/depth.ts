import type { Gauge, Meters } from '../../binding/meters.ts'
import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { RowQueue } from './driver.ts'
import type { JobState } from './operations.ts'

/** Between two rounds at least; and more where counting takes long, so that a backend spends little of its time on it. */
const everyMs = 5_000
const timesItTook = 20
const everyAtMostMs = 60_000
/** What was not counted anew for so long is not shown any more. */
const shownForMs = 120_000

const states: readonly JobState[] = ['scheduled', 'ready', 'active', 'done', 'dead', 'cancelled']

export interface DepthParts {
  readonly driver: Pick<RowQueue, 'counts'>
  readonly clock: Clock
  readonly log: Log
  readonly meters: Meters
  readonly queues: Iterable<string>
  readonly call: Call
}

interface Shown {
  readonly queue: string
  readonly jobs: ReadonlyMap<JobState, Gauge>
  readonly oldest: Gauge
  countedMs: number
}

/** How many jobs each queue has, and how old the oldest ready one is: asked of the backend when somebody scrapes, and never else. */
export class Depth {
  readonly #parts: DepthParts
  readonly #shown: readonly Shown[]
  readonly #end: () => void
  #running: Promise<void> | undefined
  #nextMs = 0
  #turn = 0
  #closed = false

  constructor(parts: DepthParts) {
    const { meters } = parts
    this.#parts = parts
    this.#shown = Array.from(parts.queues, (queue) => ({
      queue,
      jobs: new Map(states.map((state) => [state, meters.gauge('jobs', 'Jobs that are kept, by state.', { queue, state })])),
      oldest: meters.gauge('oldest_ready_seconds', 'How long the oldest ready job has been ready; 0 without one.', { queue }),
      countedMs: 0,
    }))
    this.#end = meters.onScrape(() => this.look())
  }

  /** A round that is due begins; answers when what is being counted is counted. */
  look(): Promise<void> {
    const nowMs = this.#parts.clock.now()
    for (const one of this.#shown) if (nowMs - one.countedMs > shownForMs) show(one, undefined)
    if (!this.#running && nowMs >= this.#nextMs && !this.#closed) {
      this.#running = this.#round(nowMs).finally(() => { this.#running = undefined })
    }
    return this.#running ?? Promise.resolve()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#end()
    await this.#running
    for (const one of this.#shown) show(one, undefined)
  }

  /** One queue after the other; a failure ends the round, and the next one begins behind the queue that failed. */
  async #round(startedMs: number): Promise<void> {
    const { driver, clock, log, call } = this.#parts
    try {
      for (let counted = 0; counted < this.#shown.length && !this.#closed; counted++) {
        const one = this.#shown[this.#turn++ % this.#shown.length]
        if (!one) break
        show(one, await driver.counts(one.queue, call))
        one.countedMs = clock.now()
      }
    } catch (error) {
      log.warn({ err: error }, 'the jobs of the queue could not be counted for its metrics; it is tried again at a later scrape')
    }
    const tookMs = clock.now() - startedMs
    this.#nextMs = startedMs + Math.max(everyMs, Math.min(everyAtMostMs, tookMs * timesItTook))
  }
}

function show({ jobs, oldest }: Shown, seen: Awaited<ReturnType<RowQueue['counts']>> | undefined): void {
  for (const [state, gauge] of jobs) gauge.value = seen && (seen.found.find((entry) => entry.state === state)?.count ?? 0)
  oldest.value = seen && (seen.oldestReadyAt === undefined ? 0 : Math.max(0, seen.nowMs - seen.oldestReadyAt) / 1_000)
}
