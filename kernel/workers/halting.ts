import type { Log } from '../log.ts'
import type { WorkerOperations } from './operations.ts'

export interface HaltingParts {
  readonly queue: string
  readonly operations: Pick<WorkerOperations, 'pause'>
  readonly capabilities: ReadonlySet<string>
  readonly log: Log
  /** Takes no more jobs until the next start. */
  readonly end: () => void
}

/** Stops the jobs of a queue whose receiver wants no more of them: the queue is paused, or, where a driver cannot, this worker ends. */
export class Halting {
  readonly #parts: HaltingParts
  #reason: string | undefined
  #halting: Promise<void> | undefined

  constructor(parts: HaltingParts) {
    this.#parts = parts
  }

  /** Why the worker takes no jobs, or took none until it was resumed. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** A job was done: whatever the reason was, it is gone. */
  went(): void {
    this.#reason = undefined
  }

  /** Those that are told so at the same time halt once. */
  halt(reason: string): Promise<void> {
    return (this.#halting ??= this.#halt(reason).finally(() => { this.#halting = undefined }))
  }

  async #halt(reason: string): Promise<void> {
    const { log, queue, operations, capabilities, end } = this.#parts
    this.#reason = reason
    if (!capabilities.has('pause')) {
      end()
      log.error({ reason }, 'no more jobs are taken until the next start: the driver cannot pause a queue')
      return
    }
    try {
      await operations.pause({ queue, reason })
      log.error({ reason }, 'the queue was paused; resume it when the reason is gone')
    } catch (error) {
      log.error({ err: error, reason }, 'the queue could not be paused; it is tried again with the next job')
    }
  }
}
