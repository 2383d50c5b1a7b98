import type { CacheSelection, CacheValue } from './driver.ts'
import { LoadSignal } from './load-signal.ts'
import type { LoadContext } from './remember-options.ts'

/** How many loads run at one time before callers load for themselves. */
const maxFlights = 10_000
/** Of how many keys it is known that their load has ended lately. */
const maxEnded = 1_000

/** A load that callers of one key share. */
export class Flight {
  readonly key: string
  /** Those that its value is cached with. */
  readonly tags: readonly string[]
  /** What the load is told; its signal is made when it asks for it. */
  readonly context: LoadContext
  readonly outcome: Promise<CacheValue>
  /** The loads whose outcome this one asked for. */
  readonly waitsFor = new Set<Flight>()
  readonly #signal = new LoadSignal()
  #callers = 0
  #settled = false

  /** `run` is called at once, and what it does in this turn sees no `outcome` yet. */
  constructor(key: string, tags: readonly string[], run: (flight: Flight) => Promise<CacheValue>) {
    const made = this.#signal
    this.key = key
    this.tags = tags
    this.context = { key, get signal() { return made.signal } }
    this.outcome = run(this).finally(() => { this.#settled = true })
  }

  /** One more waits for it. */
  join(): void {
    this.#callers += 1
  }

  /** One waits no longer. True when nobody does and the load was told so: one that never asked for its signal goes on, and is cached. */
  leave(): boolean {
    this.#callers -= 1
    return this.#callers === 0 && !this.#settled && this.#signal.abort()
  }
}

/** The loads that are under way, at most one current for each key. */
export class Flights {
  readonly #current = new Map<string, Flight>()
  /** Key → which of all ends its last one was; the latest last. */
  readonly #ended = new Map<string, number>()
  #ends = 0

  /** What `hasEndedSince` compares: take it before reading. */
  get ends(): number {
    return this.#ends
  }

  /** Whether a load of the key ended since then: what was read meanwhile may be older than what that one cached. */
  hasEndedSince(key: string, ends: number): boolean {
    return (this.#ended.get(key) ?? 0) > ends
  }

  get(key: string): Flight | undefined {
    return this.#current.get(key)
  }

  /** Puts a load under way; it is never current when there are too many. `run` must do nothing in this turn. */
  start(key: string, tags: readonly string[], run: (flight: Flight) => Promise<CacheValue>): Flight {
    const flight: Flight = new Flight(key, tags, (one) => run(one).finally(() => this.#settled(one)))
    if (this.#current.size < maxFlights) this.#current.set(key, flight)
    return flight
  }

  /** False once the key has changed in this process since the load began, or nobody is to share it for another reason. */
  isCurrent(flight: Flight): boolean {
    return this.#current.get(flight.key) === flight
  }

  #settled(flight: Flight): void {
    this.#ended.delete(flight.key)
    this.#ended.set(flight.key, ++this.#ends)
    const [oldest] = this.#ended.keys()
    if (this.#ended.size > maxEnded && oldest !== undefined) this.#ended.delete(oldest)
    this.end(flight)
  }

  /** Nobody is to share it any more, and it must not be cached. */
  end(flight: Flight): void {
    if (this.isCurrent(flight)) this.#current.delete(flight.key)
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
