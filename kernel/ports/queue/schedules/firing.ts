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

/**
 * Adds the jobs of all ticks that have come, and moves their schedules on, each in one commit that another replica's forestalls.
 * How many moved, by whomever. A schedule that cannot be fired is logged and does not hold up the others.
 */
export async function fireDue({ driver, log, rules, added }: FiringParts, call: Call): Promise<number> {
  const { found, nowMs } = await driver.schedules(call)
  let moved = 0
  for (const row of found) {
    if (row.nextAt === undefined || row.nextAt > nowMs) continue
    try {
      const { next, jobs } = fired(row, row.nextAt, nowMs, rules(row.queue))
      const written = await driver.putSchedule(next, row.revision, jobs, call)
      if (written && jobs.length > 0) {
        added?.(row.queue, jobs.length)
        driver.wake(row.queue)
      }
      moved++
    } catch (error) {
      // That the backend does not answer is no fault of this schedule.
      if (isPorticoError(error)) throw error
      log.warn({ err: error, queue: row.queue, schedule: row.name }, 'a schedule could not be fired; it is tried again')
    }
  }
  return moved
}

function fired(row: ScheduleRow, nextAt: number, nowMs: number, rules: QueueRules) {
  const spec = parseSpec(row)
  const ticks = dueTicks(spec.timing, spec.misfire, nextAt, nowMs)
  const lastMs = ticks.at(-1)
  return {
    next: changedRow(row, lastMs === undefined ? spec : { ...spec, lastMs }, nextTick(spec.timing, nowMs)),
    jobs: ticks.map((tickMs) => tickRow(spec, tickMs, { queue: row.queue, name: row.name, rules, nowMs })),
  }
}
