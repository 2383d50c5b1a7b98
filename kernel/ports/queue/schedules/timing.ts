import { Cron } from 'croner'
import { instantOf, isZone, offsetAt } from './zones.ts'

/** When a schedule fires: by the clocks of a zone, or at each multiple of `everyMs` since 1970 in UTC. */
export type Timing = { readonly cron: string; readonly timezone: string } | { readonly everyMs: number }

export interface TimingFault {
  readonly field: 'cron' | 'timezone'
  readonly message: string
}

const secondMs = 1_000
const maxKept = 1_000
const patterns = new Map<string, Cron>()

/** croner reads more than these five fields: dates, a field for seconds, and letters of its own. */
const fieldOf = (value: string) => `(?:\\*|${value}(?:-${value})?)(?:/\\d{1,2})?`
const listOf = (value: string) => `${fieldOf(value)}(?:,${fieldOf(value)})*`
const [numbers, orNames] = [listOf('\\d{1,2}'), listOf('(?:\\d{1,2}|[A-Za-z]{3})')]
const fiveFields = new RegExp(`^${[numbers, numbers, numbers, orNames, orNames].join('\\s+')}$`)
const isFiveFields = (cron: string) => fiveFields.test(cron.trim())
const noPattern = 'is no cron pattern of five fields (minute hour day month weekday)'

/** What is wrong with a cron schedule; undefined when it fires some day. */
export function faultOfCron(cron: string, timezone: string): TimingFault | undefined {
  if (!isZone(timezone)) return { field: 'timezone', message: `is no time zone that this Node knows; give one as Europe/Berlin, or UTC` }
  if (!isFiveFields(cron)) return { field: 'cron', message: noPattern }
  try {
    if (patternOf(cron).nextRun(new Date(0)) !== null) return undefined
    return { field: 'cron', message: 'never comes: no date of the calendar meets it' }
  } catch (error) {
    const words = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : ''
    return { field: 'cron', message: `${noPattern}${words && `: ${words}`}` }
  }
}

/**
 * The first tick after an instant. Every wall-clock time that the pattern meets fires once: one that the clocks jump over as soon
 * as they have, together with any other tick of that instant, and one that they show twice the first time.
 * @throws RangeError for a pattern that `faultOfCron` refuses.
 * @see docs/decisions/0045-ticks-follow-the-wall-clock.md
 */
export function nextTick(timing: Timing, afterMs: number): number {
  if ('everyMs' in timing) return (Math.floor(afterMs / timing.everyMs) + 1) * timing.everyMs

  // The pattern is matched as if the wall clock were UTC, which has no jumps; croner's own rules for them are not used.
  const pattern = patternOf(timing.cron)
  let wallMs = afterMs + offsetAt(timing.timezone, afterMs)
  for (;;) {
    const next = pattern.nextRun(new Date(wallMs))
    if (!next) throw new RangeError(`the pattern ${timing.cron} never comes`)
    wallMs = next.getTime()
    const atMs = instantOf(timing.timezone, wallMs)
    if (atMs > afterMs) return atMs
  }
}

/** The next `count` ticks after an instant, ascending. */
export function nextTicks(timing: Timing, afterMs: number, count: number): readonly number[] {
  const ticks: number[] = []
  for (let atMs = afterMs; ticks.length < count;) ticks.push((atMs = nextTick(timing, atMs)))
  return ticks
}

/** The latest `max` ticks from `fromMs` to `toMs`, both included, ascending; its cost does not grow with the time between. */
export function latestTicks(timing: Timing, fromMs: number, toMs: number, max: number): readonly number[] {
  if ('everyMs' in timing) {
    const { everyMs } = timing
    const last = Math.floor(toMs / everyMs)
    const count = Math.max(0, Math.min(max, last - Math.ceil(fromMs / everyMs) + 1))
    return Array.from({ length: count }, (_, at) => (last - count + 1 + at) * everyMs)
  }

  const { cron, timezone } = timing
  const pattern = patternOf(cron)
  const localMs = toMs + offsetAt(timezone, toMs)
  // While the clocks show an hour again, wall times up to its end have fired.
  const repeatedMs = toMs - instantOf(timezone, localMs)
  let wallMs = (Math.floor((localMs + repeatedMs) / secondMs) + 1) * secondMs
  const ticks: number[] = []
  for (;;) {
    const walls = pattern.previousRuns(max, new Date(wallMs))
    for (const wall of walls) {
      wallMs = wall.getTime()
      const atMs = instantOf(timezone, wallMs)
      if (atMs < fromMs || ticks.length === max) return ticks.toReversed()
      if (atMs <= toMs && atMs !== ticks.at(-1)) ticks.push(atMs)
    }
    if (walls.length < max) return ticks.toReversed()
  }
}

function patternOf(cron: string): Cron {
  let pattern = patterns.get(cron)
  if (!pattern) {
    if (!isFiveFields(cron)) throw new RangeError(`${cron} is no pattern of five fields`)
    // An offset in place of the zone UTC: ten times as fast. Without a function it starts no timer.
    pattern = new Cron(cron, { utcOffset: 0, mode: '5-part' })
    if (patterns.size >= maxKept) patterns.clear()
    patterns.set(cron, pattern)
  }
  return pattern
}
