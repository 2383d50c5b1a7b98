import type { Clock } from '../clock.ts'
import { DurationCounts } from './durations.ts'
import { Meters } from './meters.ts'

/** How long a scrape waits for what is looked up for it. */
const lookMs = 250

/** Upper bounds of the duration histogram's buckets, in milliseconds. */
export const bucketsMs = [0.1, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const

/** What is counted of one operation of one binding; plain numbers, because an instrument costs more than the call. */
export class OperationCounts extends DurationCounts {
  readonly binding: string
  readonly operation: string
  succeeded = 0
  degraded = 0
  inFlight = 0
  /** Error code → how often; codes are declared, so this is bounded. */
  readonly failed = new Map<string, number>()

  constructor(binding: string, operation: string) {
    super(bucketsMs)
    this.binding = binding
    this.operation = operation
  }

  fail(code: string): void {
    this.failed.set(code, (this.failed.get(code) ?? 0) + 1)
  }
}

/** All counts of one kernel, in the order the bindings started. */
export class Instruments {
  readonly #counts: OperationCounts[] = []
  readonly #meters = new Map<string, Meters>()

  operation(binding: string, operation: string): OperationCounts {
    const counts = new OperationCounts(binding, operation)
    this.#counts.push(counts)
    return counts
  }

  /** What the port of a binding, or its policy, counts itself; of all its drivers together. */
  meters(port: string, binding: string): Meters {
    const key = `${port} ${binding}`
    let meters = this.#meters.get(key)
    if (!meters) this.#meters.set(key, (meters = new Meters(port, binding)))
    return meters
  }

  get ofPorts(): readonly Meters[] {
    return [...this.#meters.values()]
  }

  /** Has looked up what is only known by looking, or goes on doing so: a backend that is slow holds up no scrape. */
  async look(clock: Clock): Promise<void> {
    const looks = this.ofPorts.flatMap((meters) => [...meters.looks])
    if (looks.length === 0) return
    const late = Promise.withResolvers<undefined>()
    const takeBack = clock.after(lookMs, () => { late.resolve(undefined) })
    await Promise.race([Promise.allSettled(looks.map((look) => look())), late.promise])
    takeBack()
  }

  /** Only operations that were called: a thousand idle bindings make no output. */
  called(): readonly OperationCounts[] {
    return this.#counts.filter((counts) => counts.totalMs > 0 || counts.succeeded > 0 || counts.failed.size > 0 || counts.inFlight > 0)
  }
}
