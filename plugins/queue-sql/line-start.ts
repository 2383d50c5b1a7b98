import type { JobRow } from '../../kernel/ports/queue/index.ts'

/** Below every rank. */
const lowest = Number.MIN_SAFE_INTEGER
/** So many jobs must have been leased here before a line can have a long tail of rows that are dead. */
const manyJobs = 2_000
/** A look from the beginning of the line that takes longer is made for a tenth of the time at most. */
const slowMs = 10
const share = 10
const mostQueues = 10_000

interface Line {
  /** Of the first job that the last look found: what it passed over is not looked at again until `wholeAtMs`. */
  rank: number
  leased: number
  /** When the next look begins at the beginning of the line. */
  wholeAtMs: number
  /** Counts what came into line below `rank`, so that a look which began before does not raise it again. */
  lowered: number
}

/** Where one look begins. */
export interface LineStart {
  readonly rank: number
  readonly whole: boolean
  readonly lowered: number
  readonly atMs: number
}

/**
 * Where a lease begins to look through a queue's line. The rows that earlier leases took out of it are still met in its index, as dead
 * ones, while any transaction of the database is older: there a look from the beginning takes longer with each lease. Once it does, most
 * looks begin where the last one found its first job. What this process puts into line below that is seen at once, what another one
 * puts there by the next whole look: after ten times as long as the last one took.
 */
export class LineStarts {
  readonly #lines = new Map<string, Line>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  of(queue: string): LineStart {
    const line = this.#lines.get(queue)
    const atMs = this.#nowMs()
    if (!line || line.leased < manyJobs || atMs >= line.wholeAtMs) return this.whole(queue)
    return { rank: line.rank, whole: false, lowered: line.lowered, atMs }
  }

  whole(queue: string): LineStart {
    return { rank: lowest, whole: true, lowered: this.#lines.get(queue)?.lowered ?? 0, atMs: this.#nowMs() }
  }

  /** A look found these, in the line's order. */
  found(queue: string, { whole, lowered, atMs }: LineStart, rows: readonly Pick<JobRow, 'rank'>[]): void {
    const line = this.#line(queue)
    line.leased += rows.length
    if (whole) {
      const nowMs = this.#nowMs()
      const tookMs = nowMs - atMs
      line.wholeAtMs = tookMs > slowMs ? nowMs + share * tookMs : 0
    }
    const [first] = rows
    if (first && line.lowered === lowered) line.rank = whole ? first.rank : Math.max(line.rank, first.rank)
  }

  /** These come into line. */
  entered(rows: readonly Pick<JobRow, 'queue' | 'state' | 'rank'>[]): void {
    for (const { queue, state, rank } of rows) {
      const line = this.#lines.get(queue)
      if (!line || state !== 'ready' || rank >= line.rank) continue
      line.rank = rank
      line.lowered++
    }
  }

  #line(queue: string): Line {
    let line = this.#lines.get(queue)
    if (!line) {
      // Nothing is lost with them: the next look is a whole one.
      if (this.#lines.size >= mostQueues) this.#lines.clear()
      this.#lines.set(queue, (line = { rank: lowest, leased: 0, wholeAtMs: 0, lowered: 0 }))
    }
    return line
  }
}
