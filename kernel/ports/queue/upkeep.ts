import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { BackendClock } from './backend-clock.ts'
import type { JobRow, RowQueue } from './driver.ts'
import type { QueueRules } from './keys.ts'
import type { Fired } from './schedules/firing.ts'
import { lapsed } from './states.ts'

const atOnce = 200
const maxRounds = 10
/** Between two looks while nothing is known to be due: other replicas schedule jobs, too. */
const restMs = 60_000
const waitingRestMs = 5_000
/** Nobody else tells of a job that another process enqueued. */
const aloneRestMs = 1_000
const afterFailureMs = 5_000
/** Between two looks of those who found no job. */
const lookAgainMs = 1_000
/** Sweeping is never urgent: what it removes is invisible work, and leases come first. But it must keep up with ten thousand jobs a second. */
const sweptAtOnce = 500
const betweenMs = 1_000
const betweenFullMs = 50

export interface UpkeepParts {
  readonly driver: RowQueue
  readonly clock: Clock
  /** Learns the backend's time at each look. */
  readonly time: Pick<BackendClock, 'learn'>
  readonly log: Log
  readonly rules: (queue: string) => QueueRules
  /** Adds the jobs of ticks that have come. */
  readonly fire: (call: Call) => Promise<Fired>
  /** The time of a job in its state was over, and this is what became of it. */
  readonly lapsed: (before: JobRow, after: JobRow) => void
  /** Jobs became ready in these queues, or, without them, in some: whoever waits anywhere is told. */
  readonly ready: (queues?: Iterable<string>) => void
  /** A job is in line in this one. */
  readonly wake: (queue: string) => void
  /** Lets some of those who wait look for themselves: the net under wake-ups that got lost. */
  readonly poll: () => void
  /** Some of the queues that someone waits on, others the next time. */
  readonly waitedOn: () => readonly string[]
  /** Whether someone waits for a job, so that being late would be noticed. */
  readonly awaited: () => boolean
}

/**
 * Sees to what time changes: scheduled jobs become ready, leases that are over become crashes, what is too late is given up, schedules fire, finished jobs go. It knows
 * when the next is due, by the kernel's clock, and sleeps until then, so that a queue at rest costs next to nothing; a
 * look before each lease is free while nothing is due. Until the first call it does nothing, unless schedules let it: nobody could notice.
 */
export class Upkeep {
  readonly #parts: UpkeepParts
  /** While somebody waits. */
  readonly #waitingRestMs: number
  #dueMs = 0
  #polledMs = 0
  #lookedMs = Number.NEGATIVE_INFINITY
  /** Jobs that came into line. */
  #moved = 0
  #running: Promise<void> | undefined
  #takeBack: () => void = () => {}
  #timerMs = Number.POSITIVE_INFINITY
  /** How long at least between two looks that nobody waits for. */
  #betweenMs = betweenMs
  #closed = false

  constructor(parts: UpkeepParts) {
    this.#parts = parts
    this.#waitingRestMs = parts.driver.wakesReach === 'process' ? aloneRestMs : waitingRestMs
  }

  /** Something will be due in `delayMs`. */
  note(delayMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, this.#parts.clock.now() + delayMs)
    this.#arm()
  }

  /** What is due is done when this answers; a failure is logged and left to the next time, for reads go on without it. */
  async settle(): Promise<void> {
    const nowMs = this.#parts.clock.now()
    // A clock that was set back is not waited for.
    if (this.#closed || (!this.#running && nowMs < this.#dueMs && nowMs >= this.#lookedMs)) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      this.#arm()
    })
    await this.#running
  }

  /**
   * For who found no job: what another replica left may be due, though this one does not know when. Looks for it, at most once a second;
   * whether jobs came into line.
   */
  async lookAgain(): Promise<boolean> {
    const { clock } = this.#parts
    if (Math.abs(clock.now() - this.#lookedMs) < lookAgainMs) return false
    const before = this.#moved
    this.#dueMs = Math.min(this.#dueMs, clock.now())
    await this.settle()
    return this.#moved > before
  }

  /** Somebody began to wait: look more often. */
  attend(): void {
    this.#timerMs = Number.POSITIVE_INFINITY
    this.note(this.#waitingRestMs)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#takeBack()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts
    this.#dueMs = Number.POSITIVE_INFINITY
    this.#lookedMs = clock.now()
    let inMs = 0
    try {
      const call = ownCall()
      for (let rounds = 0; inMs <= 0 && rounds < maxRounds; rounds++) inMs = await this.#round(call)
      inMs = Math.min(Math.max(1, inMs), this.#parts.awaited() ? this.#waitingRestMs : restMs)
    } catch (error) {
      log.warn({ err: error }, 'the upkeep of the queue failed; it is tried again')
      inMs = afterFailureMs
    }
    this.#dueMs = Math.min(this.#dueMs, clock.now() + inMs)
    if (clock.now() - this.#polledMs < waitingRestMs) return
    this.#polledMs = clock.now()
    this.#parts.poll()
  }

  /** Does a part of what is due; in how many milliseconds more is, 0 when it should look again. */
  async #round(call: Call): Promise<number> {
    const { driver, clock, time } = this.#parts
    const askedMs = clock.now()
    const { found, nowMs } = driver.wakesReach === 'process' ? await driver.due(call, this.#parts.waitedOn()) : await driver.due(call)
    time.learn(nowMs, askedMs)
    for (const queue of found.inLine ?? []) this.#parts.wake(queue)
    if (found.inLine) this.#polledMs = clock.now()
    const inMs = (due: number | undefined) => (due ?? Number.POSITIVE_INFINITY) - nowMs

    const promoted = inMs(found.scheduled) <= 0 ? await driver.promote(atOnce, call) : 0
    if (promoted > 0) this.#parts.ready()
    const lost = inMs(found.lapsing) <= 0 ? await this.#settleLapsed(call) : 0
    const swept = inMs(found.finished) <= 0 ? await driver.sweep(sweptAtOnce, call) : 0
    this.#betweenMs = swept < sweptAtOnce ? betweenMs : betweenFullMs
    // Last: a full backend refuses what this adds, and not what makes room.
    const fired = inMs(found.tick) <= 0 ? await this.#parts.fire(call) : { moved: 0, againInMs: inMs(found.tick) }

    this.#moved += promoted + lost + fired.moved
    if (promoted + lost + fired.moved + swept > 0 && swept < sweptAtOnce) return 0
    return Math.min(inMs(found.scheduled), inMs(found.lapsing), fired.againInMs, Math.max(inMs(found.finished), this.#betweenMs))
  }

  async #settleLapsed(call: Call): Promise<number> {
    const { driver, rules, lapsed: told } = this.#parts
    const found = await driver.overdue(atOnce, call)
    // Not `live`: the revision alone decides, for each of these leases is over.
    const after = found.map((row) => lapsed(row, rules(row.queue)))
    const written = await driver.replace(after, false, call)
    for (const [at, row] of after.entries()) if (written[at] && found[at]) told(found[at], row)
    // Also where none is ready: a place under a limit may be free.
    this.#parts.ready(new Set(after.filter((_, at) => written[at]).map(({ queue }) => queue)))
    return found.length
  }

  #arm(): void {
    if (this.#closed || this.#running || this.#dueMs === this.#timerMs) return
    this.#takeBack()
    this.#timerMs = this.#dueMs
    // An hour's timer is set again, so that a clock that jumps is not slept through.
    const delayMs = Math.min(3_600_000, Math.max(this.#parts.awaited() ? 0 : this.#betweenMs, this.#dueMs - this.#parts.clock.now()))
    this.#takeBack = this.#parts.clock.after(delayMs, () => {
      this.#timerMs = Number.POSITIVE_INFINITY
      void this.settle()
      this.#arm()
    })
  }
}

/** The upkeep is nobody's call. */
export function ownCall(): Call {
  return { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: 'queue-upkeep', text: false, degrade: () => {} }
}
