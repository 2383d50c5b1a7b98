import { DurationCounts } from './durations.ts'

export type Labels = Readonly<Record<string, string>>

/** What only grows. */
export class Counter {
  value = 0
}

/** What is so now; not shown while nobody knows. */
export class Gauge {
  value: number | undefined
}

/** One figure, with what it is called. */
export interface Series<F> {
  readonly name: string
  readonly help: string
  readonly labels: Labels
  readonly figure: F
}

type Named = Omit<Series<unknown>, 'figure'>

/**
 * What a port counts beside its calls: numbers that it holds and changes, so that counting costs nothing more. `name` goes on
 * `portico_<port>_`, and the label `binding` is added. Ask for figures when the port is bound, for what the manifest
 * declares, so that there are no more of them however it is called. Asked for again, a figure is the same one and goes on.
 */
export class Meters {
  readonly #prefix: string
  readonly #binding: string
  readonly #counters = new Map<string, Series<Counter>>()
  readonly #gauges = new Map<string, Series<Gauge>>()
  readonly #durations = new Map<string, Series<DurationCounts>>()
  readonly #looks = new Set<() => Promise<void>>()

  constructor(port: string, binding: string) {
    this.#prefix = `portico_${port.replaceAll('-', '_')}_`
    this.#binding = binding
  }

  counter(name: string, help: string, labels: Labels): Counter {
    return this.#kept(this.#counters, { name, help, labels }, () => new Counter())
  }

  gauge(name: string, help: string, labels: Labels): Gauge {
    return this.#kept(this.#gauges, { name, help, labels }, () => new Gauge())
  }

  /** Shown as a histogram in seconds, from its first time on. */
  durations(name: string, help: string, labels: Labels, boundsMs: readonly number[]): DurationCounts {
    return this.#kept(this.#durations, { name, help, labels }, () => new DurationCounts(boundsMs))
  }

  /** Runs at each scrape, which waits a moment for it and not longer; it must not throw. Answers how to end that. */
  onScrape(look: () => Promise<void>): () => void {
    this.#looks.add(look)
    return () => this.#looks.delete(look)
  }

  get looks(): Iterable<() => Promise<void>> {
    return this.#looks
  }

  get counters(): Iterable<Series<Counter>> {
    return this.#counters.values()
  }

  get gauges(): Iterable<Series<Gauge>> {
    return this.#gauges.values()
  }

  get histograms(): Iterable<Series<DurationCounts>> {
    return this.#durations.values()
  }

  #kept<F>(all: Map<string, Series<F>>, { name, help, labels }: Named, make: () => F): F {
    const key = JSON.stringify([name, labels])
    let found = all.get(key)
    if (!found) all.set(key, (found = { name: this.#prefix + name, help, labels: { binding: this.#binding, ...labels }, figure: make() }))
    return found.figure
  }
}
