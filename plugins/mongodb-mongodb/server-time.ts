/** How long a measure of the server's clock is trusted; two clocks drift apart by a millisecond in ten seconds at the worst. */
const freshMs = 10_000
/** A measure that took longer than this is taken again, this often at most: half of it is how wrong it can be. */
const goodRoundTripMs = 20
const tries = 3
/** When the process's two clocks part by more than this, the machine slept, or its time was set. */
const leapMs = 250

interface Measure {
  /** The server's time less this process's monotonic time. */
  readonly offsetMs: number
  readonly takenAtMs: number
  /** This process's wall time less its monotonic time. */
  readonly wallMs: number
}

/** The server's time, asked for at most every ten seconds and counted on in between. */
export class ServerTime {
  readonly #ask: () => Promise<number>
  #measure: Measure | undefined
  #measuring: Promise<Measure> | undefined

  /** `ask` answers the server's time in milliseconds. */
  constructor(ask: () => Promise<number>) {
    this.#ask = ask
  }

  /** In milliseconds since the epoch; a promise only where it must be asked for. */
  now(): number | Promise<number> {
    const measure = this.#measure
    const nowMs = performance.now()
    if (measure && nowMs - measure.takenAtMs < freshMs && Math.abs(wall(nowMs) - measure.wallMs) < leapMs) return Math.floor(nowMs + measure.offsetMs)
    return this.#measureAnew().then(({ offsetMs }) => Math.floor(performance.now() + offsetMs))
  }

  /** Once for all who wait. */
  #measureAnew(): Promise<Measure> {
    this.#measuring ??= this.#best().finally(() => {
      this.#measuring = undefined
    })
    return this.#measuring
  }

  async #best(): Promise<Measure> {
    let bestMs = Number.POSITIVE_INFINITY
    for (let attempt = 0; attempt < tries && bestMs > goodRoundTripMs; attempt++) {
      const sentAtMs = performance.now()
      const serverMs = await this.#ask()
      const takenAtMs = performance.now()
      if (takenAtMs - sentAtMs >= bestMs) continue
      bestMs = takenAtMs - sentAtMs
      this.#measure = { offsetMs: serverMs - (sentAtMs + takenAtMs) / 2, takenAtMs, wallMs: wall(takenAtMs) }
    }
    // `bestMs` begins at infinity, so the first attempt took one.
    return this.#measure as Measure
  }
}

function wall(monotonicMs: number): number {
  return Date.now() - monotonicMs
}
