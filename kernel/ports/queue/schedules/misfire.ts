import { latestTicks, type Timing } from './timing.ts'

/** What becomes of ticks that nobody was there to fire. */
export type Misfire = 'skip' | 'once' | 'all'

/** How many late ticks `all` fires, the latest ones. */
export const mostLate = 100

const longestGraceMs = 90_000
const shortestGraceMs = 5_000

/** A tick that is found later than this is late: longer than the upkeep of another replica sleeps, and no longer than to the next tick. */
export function graceMsOf(timing: Timing): number {
  return 'everyMs' in timing ? Math.min(longestGraceMs, Math.max(shortestGraceMs, timing.everyMs)) : longestGraceMs
}

/** The ticks to fire now, ascending, of those from `nextAtMs` on that have come. */
export function dueTicks(timing: Timing, misfire: Misfire, nextAtMs: number, nowMs: number): readonly number[] {
  const onTimeFromMs = nowMs - graceMsOf(timing)
  if (misfire === 'skip') return latestTicks(timing, Math.max(nextAtMs, onTimeFromMs), nowMs, mostLate)
  return latestTicks(timing, nextAtMs, nowMs, misfire === 'once' && nextAtMs < onTimeFromMs ? 1 : mostLate)
}
