/** Upper bounds of the duration histogram's buckets, in milliseconds. */
export const bucketsMs = [0.1, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const

/** What is counted of one operation of one binding; plain numbers, because an instrument costs more than the call. */
export class OperationCounts {
  readonly binding: string
  readonly operation: string
  succeeded = 0
  degraded = 0
  inFlight = 0
  totalMs = 0
  /** Error code → how often; codes are declared, so this is bounded. */
  readonly failed = new Map<string, number>()
  /** Calls per bucket; the last one is beyond all bounds. */
  readonly buckets = new Array<number>(bucketsMs.length + 1).fill(0)

  constructor(binding: string, operation: string) {
    this.binding = binding
    this.operation = operation
  }

  /** Records the time of an ended call. */
  observe(durationMs: number): void {
    this.totalMs += durationMs
    let bucket = 0
    while (bucket < bucketsMs.length && durationMs > (bucketsMs[bucket] ?? Infinity)) bucket++
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1
  }

  fail(code: string): void {
    this.failed.set(code, (this.failed.get(code) ?? 0) + 1)
  }
}

/** All counts of one kernel, in the order the bindings started. */
export class Instruments {
  readonly #counts: OperationCounts[] = []

  operation(binding: string, operation: string): OperationCounts {
    const counts = new OperationCounts(binding, operation)
    this.#counts.push(counts)
    return counts
  }

  /** Only operations that were called: a thousand idle bindings make no output. */
  called(): readonly OperationCounts[] {
    return this.#counts.filter((counts) => counts.totalMs > 0 || counts.succeeded > 0 || counts.failed.size > 0 || counts.inFlight > 0)
  }
}
