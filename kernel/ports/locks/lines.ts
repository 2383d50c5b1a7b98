import type { Clock } from '../../clock.ts'

interface Line {
  /** In the order of coming; the first one asks the backend, for all of them. */
  readonly places: Set<Place>
  /** Counts wake-ups, so that one which came while the first was asking is not missed. */
  wakes: number
  /** When the holder's time ends, as far as is known. */
  freeAtMs: number | undefined
  readonly silence: () => void
}

export interface Place {
  /** Whether it asks the backend; the others wait for their turn. */
  readonly first: boolean
  /** What `rest` compares: take it before asking. */
  readonly wakes: number
  /** What the first one learnt of the holder. */
  freeAtMs: number | undefined
  /** Answers at a wake-up, when its turn comes, after `forMs`, or when the signal aborts; at once when `since` is no longer the number of wake-ups. */
  rest(since: number, forMs: number, signal: AbortSignal): Promise<void>
  /** Whoever comes next has its turn. */
  leave(): void
}

/** Who waits for locks in this process, in line by name: one caller a name goes to the backend, however many wait. */
export class Lines {
  readonly max: number
  readonly #clock: Clock
  readonly #listen: (name: string, listener: () => void) => () => void
  readonly #lines = new Map<string, Line>()
  readonly #resting = new Map<Place, () => void>()
  #count = 0

  constructor(clock: Clock, max: number, listen: (name: string, listener: () => void) => () => void) {
    this.#clock = clock
    this.max = max
    this.#listen = listen
  }

  get full(): boolean {
    return this.#count >= this.max
  }

  get count(): number {
    return this.#count
  }

  has(name: string): boolean {
    return this.#lines.has(name)
  }

  /** The last place in line. */
  enter(name: string): Place {
    const line = this.#lines.get(name) ?? this.#begin(name)
    const rest = (since: number, forMs: number, signal: AbortSignal) => this.#rest(place, line, { since, forMs, signal })
    const leave = () => { this.#leave(place, line, name) }
    const place: Place = {
      get first() { return firstOf(line) === place },
      get wakes() { return line.wakes },
      get freeAtMs() { return line.freeAtMs },
      set freeAtMs(atMs) { line.freeAtMs = atMs },
      rest, leave,
    }
    line.places.add(place)
    this.#count++
    return place
  }

  /** Lets everyone look again. */
  close(): void {
    for (const go of [...this.#resting.values()]) go()
  }

  #begin(name: string): Line {
    const line: Line = { places: new Set(), wakes: 0, freeAtMs: undefined, silence: this.#listen(name, () => { this.#wake(line) }) }
    this.#lines.set(name, line)
    return line
  }

  #wake(line: Line): void {
    line.wakes++
    const first = firstOf(line)
    if (first) this.#resting.get(first)?.()
  }

  #leave(place: Place, line: Line, name: string): void {
    if (!line.places.delete(place)) return
    this.#count--
    const next = firstOf(line)
    if (next) return this.#resting.get(next)?.()
    this.#lines.delete(name)
    line.silence()
  }

  #rest(place: Place, line: Line, { since, forMs, signal }: { readonly since: number; readonly forMs: number; readonly signal: AbortSignal }): Promise<void> {
    if ((place.first && line.wakes !== since) || signal.aborted) return Promise.resolve()

    return new Promise((resolve) => {
      const go = () => {
        if (!this.#resting.delete(place)) return
        takeBack()
        signal.removeEventListener('abort', go)
        resolve()
      }
      const takeBack = this.#clock.after(forMs, go)
      this.#resting.set(place, go)
      signal.addEventListener('abort', go, { once: true })
    })
  }
}

function firstOf(line: Line): Place | undefined {
  const [first] = line.places
  return first
}
