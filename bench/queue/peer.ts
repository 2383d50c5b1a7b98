/** A queue under measurement: Portico's, or a library's own way of doing the same. Payloads are the same for all. */
export interface QueuePeer {
  /** One job, durable when answered. */
  add(): Promise<unknown>
  /** So many jobs in one call. */
  addMany(count: number): Promise<unknown>
  /** Ends so many of the jobs that are there; how many milliseconds that took. */
  work(count: number): Promise<number>
  close(): Promise<void>
}

/** How jobs are taken: each worker takes up to `batch` at once, and the next when all of them are acknowledged. */
export interface Working {
  readonly workers: number
  readonly batch: number
}

export const connections = 10

/** Runs workers until they have ended `count` jobs; `turn` ends some and answers how many. */
export async function drain(count: number, workers: number, turn: () => Promise<number>): Promise<number> {
  const startedMs = performance.now()
  let left = count
  await Promise.all(Array.from({ length: workers }, async () => {
    while (left > 0) {
      const ended = await turn()
      // In two steps: `left -= await …` would take from what was left before the turn.
      left -= ended
    }
  }))
  return performance.now() - startedMs
}
