import type { CacheSelection, CacheValue } from './driver.ts'

/** How many loads run at one time before callers load for themselves. */
const maxFlights = 10_000

/** A load that callers of one key share. */
export interface Flight {
  /** Those that its value is cached with. */
  readonly tags: readonly string[]
  readonly outcome: Promise<CacheValue>
}

/** The loads that are under way, at most one current for each key. */
export class Flights {
  readonly #current = new Map<string, Flight>()

  get(key: string): Flight | undefined {
    return this.#current.get(key)
  }

  /** Puts a load under way; undefined when there are too many. `start` is told whether its flight is still current. */
  start(key: string, tags: readonly string[], start: (isCurrent: () => boolean) => Promise<CacheValue>): Flight | undefined {
    if (this.#current.size >= maxFlights) return undefined

    const isCurrent = () => this.#current.get(key) === flight
    const flight: Flight = { tags, outcome: start(isCurrent).finally(() => isCurrent() && this.#current.delete(key)) }
    this.#current.set(key, flight)
    return flight
  }

  /** What is being loaded for the key may be older than what was just written: it must not be cached. */
  outdate(key: string): void {
    this.#current.delete(key)
  }

  /** As `outdate`, for the loads whose entries the invalidation would remove; all others go on, shared and cached. */
  outdateSelected(selection: CacheSelection): void {
    if ('all' in selection) return this.#current.clear()
    for (const [key, { tags }] of this.#current) {
      const selected = 'prefix' in selection ? key.startsWith(selection.prefix) : tags.some((tag) => selection.tags.includes(tag))
      if (selected) this.#current.delete(key)
    }
  }
}
