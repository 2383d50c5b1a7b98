import type { Clock } from '../../clock.ts'
import type { Meters } from '../../binding/meters.ts'

/** What a driver that keeps calls has not handed over. */
export interface Backlog {
  readonly waiting: number
  /** When the first of those that wait was kept, in ms since 1970; undefined while that is not known, or none waits. */
  readonly oldestAt?: number
  /** Calls that the partner refused for good, put aside for a person. */
  readonly refused: number
  /** Why the first of them is still waiting. */
  readonly lastError?: { readonly code: string; readonly at: number }
}

/** The backlog as metrics, one series a driver that keeps calls. */
export function showBacklog({ meters, clock, plugin, onClose }: { readonly meters: Meters; readonly clock: Clock; readonly plugin: string; onClose(close: () => void): void }, backlog: () => Backlog): void {
  const labels = { via: plugin }
  const waiting = meters.gauge('backlog', 'Calls that are kept and have not reached the partner.', labels)
  const age = meters.gauge('backlog_age_seconds', 'How long the oldest of them has been waiting.', labels)
  const refused = meters.gauge('backlog_refused', 'Kept calls that the partner refused for good, put aside.', labels)

  onClose(meters.onScrape(async () => {
    const now = backlog()
    waiting.value = now.waiting
    age.value = now.waiting === 0 ? 0 : now.oldestAt === undefined ? undefined : Math.max(0, clock.now() - now.oldestAt) / 1_000
    refused.value = now.refused
  }))
}
