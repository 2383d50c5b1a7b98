import type { Call } from '../../../call.ts'
import { isPorticoError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import type { RowQueue, ScheduleRow } from '../driver.ts'
import type { QueueRules } from '../keys.ts'
import { dueTicks } from './misfire.ts'
import { changedRow, parseSpec } from './spec.ts'
import { tickRow } from './ticks.ts'
import { nextTick } from './timing.ts'

export interface FiringParts {
  readonly driver: Pick<RowQueue, 'schedules' | 'putSchedule' | 'wake'>
  readonly log: Log
  readonly rules: (queue: string) => QueueRules
  /** So many jobs were added to this queue. */
  readonly added?: (queue: string, jobs: number) => void
}

/** How soon one that could not be fired is tried again. */
const againMs = 5_000
/** When so many in a row meet a backend that is busy or gone, the rest waits, too. */
const mostUnanswered = 5

export interface Fired {
  /** How many schedules moved on, by whomever. */
  readonly moved: number
  /** When the next tick comes, or one that could not be fired is tried again. */
  readonly againInMs: number
}

/** Fires ticks: adds their jobs and moves their schedules on, each in one commit that another replica's forestalls. */
export class Firing {
  readonly #parts: FiringParts
  /** When those that could not be fired are tried again, by the backend's clock. */
  #again = new Map<string, number>()

  constructor(parts: FiringParts) {
    this.#parts = parts
  }

  /**
   * Fires all ticks that have come. A schedule that cannot be fired is logged and does not hold up the others.
   * @throws the error of the backend when it does not answer
   */
  async fireDue(call: Call): Promise<Fired> {
    const { driver, log } = this.#parts
    const { found, nowMs } = await driver.schedules(call)
    this.#again = new Map(found.map(nameOf).flatMap((name) => (this.#again.has(name) ? [[name, this.#again.get(name) ?? 0]] : [])))
    let [moved, unanswered, nextMs] = [0, 0, Number.POSITIVE_INFINITY]
    for (const row of found) {
      let dueMs = Math.max(row.nextAt ?? Number.POSITIVE_INFINITY, this.#again.get(nameOf(row)) ?? 0)
      if (row.nextAt !== undefined && dueMs <= nowMs) {
        try {
          dueMs = (await this.#fire(row, row.nextAt, nowMs, call)) ?? nowMs
          this.#again.delete(nameOf(row))
          moved++
          unanswered = 0
        } catch (error) {
          dueMs = nowMs + againMs
          this.#again.set(nameOf(row), dueMs)
          log.warn({ err: error, queue: row.queue, schedule: row.name }, 'a schedule could not be fired; it is tried again')
          if (isPorticoError(error) && error.retryable && ++unanswered === mostUnanswered) throw error
        }
      }
      nextMs = Math.min(nextMs, dueMs)
    }
    return { moved, againInMs: nextMs - nowMs }
  }

  /** When it fires next; undefined when that is not known, for another moved it. */
  async #fire(row: ScheduleRow, nextAt: number, nowMs: number, call: Call): Promise<number | undefined> {
    const { driver, rules, added } = this.#parts
    const { next, jobs } = fired(row, nextAt, nowMs, rules(row.queue))
    if (!(await driver.putSchedule(next, row.revision, jobs, call))) return undefined
    if (jobs.length > 0) {
      added?.(row.queue, jobs.length)
      driver.wake(row.queue)
    }
    return next.nextAt
  }
}

const nameOf = ({ queue, name }: ScheduleRow) => `${queue}/${name}`

function fired(row: ScheduleRow, nextAt: number, nowMs: number, rules: QueueRules) {
  const spec = parseSpec(row)
  const ticks = dueTicks(spec.timing, spec.misfire, nextAt, nowMs)
  const lastMs = ticks.at(-1)
  return {
    next: changedRow(row, lastMs === undefined ? spec : { ...spec, lastMs }, nextTick(spec.timing, nowMs)),
    jobs: ticks.map((tickMs) => tickRow(spec, tickMs, { queue: row.queue, name: row.name, rules, nowMs })),
  }
}
