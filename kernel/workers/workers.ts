import type { Worker, WorkerState } from './worker.ts'

/** A timer's longest time. */
const neverMs = 2 ** 31 - 1

/** What works on the queues of one kernel. */
export class Workers {
  readonly #workers: readonly Worker[]
  readonly #close: () => Promise<void>
  #held: NodeJS.Timeout | undefined
  #drained: Promise<void> | undefined

  /** `close` runs when the workers have ended. */
  constructor(workers: readonly Worker[], close: () => Promise<void>) {
    this.#workers = workers
    this.#close = close
  }

  get states(): readonly WorkerState[] {
    return this.#workers.map(({ state }) => state)
  }

  start(): void {
    if (this.#workers.length === 0) return
    // A process that works on a queue is not idle, also while its backend is down and it only waits.
    this.#held = setInterval(() => undefined, neverMs)
    for (const worker of this.#workers) worker.start()
  }

  /** Ends all of them as `Worker.drain` says; once, however often it is called. */
  drain(withinMs: number): Promise<void> {
    return (this.#drained ??= this.#drain(withinMs))
  }

  async #drain(withinMs: number): Promise<void> {
    try {
      await Promise.all(this.#workers.map((worker) => worker.drain(withinMs)))
      await this.#close()
    } finally {
      clearInterval(this.#held)
    }
  }
}
