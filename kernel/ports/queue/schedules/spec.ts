import type { Json } from '../../../json.ts'
import { isoTime } from '../../time.ts'
import type { ScheduleRow } from '../driver.ts'
import type { NewSchedule, Schedule } from '../shapes.ts'
import type { Misfire } from './misfire.ts'
import { faultOfCron, nextTicks, type Timing } from './timing.ts'

/** How many of the ticks to come are shown. */
const shown = 5

/** What a schedule's row keeps as JSON. */
export interface ScheduleSpec {
  readonly timing: Timing
  readonly payload: Json
  readonly priority?: number
  readonly attempts?: number
  readonly misfire: Misfire
  readonly origin: 'manifest' | 'http'
  readonly paused?: true
  /** The last tick that was fired. */
  readonly lastMs?: number
}

/** A schedule as it was asked for, with the defaults filled in. It is checked. */
export function makeSpec({ cron, timezone = 'UTC', everyMs, payload = null, priority, attempts, misfire = 'once' }: NewSchedule, origin: ScheduleSpec['origin']): ScheduleSpec {
  if (cron === undefined && everyMs === undefined) throw new RangeError('a schedule has a time')
  return {
    timing: everyMs === undefined ? { cron: cron ?? '', timezone } : { everyMs },
    payload,
    ...(priority !== undefined && { priority }),
    ...(attempts !== undefined && { attempts }),
    misfire, origin,
  }
}

/** @throws SyntaxError when the row was not written by this. */
export function parseSpec({ spec }: ScheduleRow): ScheduleSpec {
  return JSON.parse(spec) as ScheduleSpec
}

/** Undefined when the row was not written by this. */
export function readSpec(row: ScheduleRow): ScheduleSpec | undefined {
  try {
    return parseSpec(row)
  } catch {
    return undefined
  }
}

/** The same row with another spec, as it is written next. */
export function changedRow(row: ScheduleRow, spec: ScheduleSpec, nextAt: number | undefined): ScheduleRow {
  return { queue: row.queue, name: row.name, spec: JSON.stringify(spec), nextAt, revision: row.revision + 1 }
}

/** False for a time that `nextTick` cannot tell the ticks of. */
export function isKnown(timing: Timing): boolean {
  return 'everyMs' in timing || faultOfCron(timing.cron, timing.timezone) === undefined
}

export function sameTiming(a: Timing, b: Timing): boolean {
  if ('everyMs' in a || 'everyMs' in b) return 'everyMs' in a && 'everyMs' in b && a.everyMs === b.everyMs
  return a.cron === b.cron && a.timezone === b.timezone
}

/** A schedule as callers see it. One that another version wrote, with a time that this one does not know, has no tick after its next. */
export function toSchedule(row: ScheduleRow): Schedule {
  const { timing, payload, priority, attempts, misfire, origin, lastMs } = parseSpec(row)
  const more = isKnown(timing) ? shown - 1 : 0
  const ticks = row.nextAt === undefined ? [] : [row.nextAt, ...nextTicks(timing, row.nextAt, more)]
  return {
    queue: row.queue, name: row.name, origin, ...timing, payload,
    ...(priority !== undefined && { priority }),
    ...(attempts !== undefined && { attempts }),
    misfire,
    paused: row.nextAt === undefined,
    ...(lastMs !== undefined && { lastAt: isoTime(lastMs) }),
    next: ticks.map(isoTime),
  }
}
