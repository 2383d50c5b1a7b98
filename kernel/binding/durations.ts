/** How long things took, by bucket; plain numbers, because an instrument costs more than what it measures. */
export class DurationCounts {
  /** Upper bounds of the buckets, ascending. */
  readonly boundsMs: readonly number[]
  totalMs = 0
  /** Per bucket; the last one is beyond all bounds. */
  readonly buckets: number[]

  constructor(boundsMs: readonly number[]) {
    this.boundsMs = boundsMs
    this.buckets = new Array<number>(boundsMs.length + 1).fill(0)
  }

  observe(durationMs: number): void {
    this.totalMs += durationMs
    let bucket = 0
    while (bucket < this.boundsMs.length && durationMs > (this.boundsMs[bucket] ?? Infinity)) bucket++
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1
  }
}
