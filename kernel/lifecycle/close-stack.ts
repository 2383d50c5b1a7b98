import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'

/** How long one closer may take before the next one runs. */
export const closeTimeoutMs = 10_000

type Closer = () => void | Promise<void>

/**
 * What was started, closed last first. Every closer runs, also when another one fails or hangs, and each has its own
 * deadline.
 */
export class CloseStack {
  readonly #closers: { readonly name: string; readonly close: Closer }[] = []
  readonly #log: Log
  readonly #clock: Clock
  #running: Promise<number> | undefined
  #ended = false

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** One that comes when all is closed is run at once: what a start opened after it was given up would stay open. */
  add(name: string, close: Closer): void {
    this.#closers.push({ name, close })
    if (this.#ended) void this.#run()
  }

  /** Closes all of it once, however often it is called; answers how many closers failed or were late. */
  run(): Promise<number> {
    return (this.#running ??= this.#run())
  }

  async #run(): Promise<number> {
    let failures = 0
    for (let one = this.#closers.pop(); one; one = this.#closers.pop()) {
      try {
        await within(closeTimeoutMs, this.#clock, one.close)
      } catch (error) {
        failures++
        this.#log.error({ err: error, closing: one.name }, `could not close ${one.name}`)
      }
    }
    this.#ended = true
    return failures
  }
}

/** Waits for `task` at most `timeoutMs`; a late one goes on unobserved. */
export async function within<T>(timeoutMs: number, clock: Clock, task: () => T | Promise<T>, late = () => new Error(`not done in ${timeoutMs} ms`)): Promise<T> {
  const timeout = Promise.withResolvers<never>()
  // A pending unref'd timer lets a process end in the middle of a start; this one holds it until the deadline.
  const held = setTimeout(() => undefined, timeoutMs)
  const cancel = clock.after(timeoutMs, () => timeout.reject(late()))
  try {
    return await Promise.race([task(), timeout.promise])
  } finally {
    cancel()
    clearTimeout(held)
  }
}
