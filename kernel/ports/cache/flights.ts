import type { CacheValue } from './driver.ts'

/** How many loads run at one time before callers load for themselves. */
const maxFlights = 10_000

/** A load that callers of one key share. */
export interface Flight {
  readonly outcome: Promise<CacheValue>
}

/** The loads that are under way, at most one current for each key. */
export class Flights {
  readonly #current = new Map<string, Flight>()

  get(key: string): Flight | undefined {
    return this.#current.get(key)
  }

  /** Puts a load under way; undefined when there are too many. `start` is told whether its flight is still current. */
  start(key: string, start: (isCurrent: () => boolean) => Promise<CacheValue>): Flight | undefined {
    if (this.#current.size >= maxFlights) return undefined

    const isCurrent = () => this.#current.get(key) === flight
    const flight: Flight = { outcome: start(isCurrent).finally(() => isCurrent() && this.#current.delete(key)) }
    this.#current.set(key, flight)
    return flight
  }

  /** What is being loaded for the key may be older than what was just written: it must not be cached. */
  outdate(key: string): void {
    this.#current.delete(key)
  }

  outdateAll(): void {
    this.#current.clear()
  }
}
