import { isPorticoError, type Clock, type Log } from '../../kernel/plugin.ts'
import type { Backlog, RealPartner } from '../../kernel/ports/integrations/index.ts'
import type { Entry } from './entry.ts'
import { KeptCalls, type Head } from './kept-calls.ts'
import type { Outbox } from './outbox.ts'
import { Refused } from './refused.ts'
import { ReplayCall } from './replay-call.ts'

export interface ReplayLimits {
  readonly directory: string
  readonly maxRefusedBytes: number
  readonly perSecond: number
  readonly timeoutMs: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

interface Parts {
  readonly limits: ReplayLimits
  readonly outbox: Outbox
  readonly clock: Clock
  readonly log: Log
}

/** How long a close waits for the call that is being made. */
const closeMs = 2_000

/**
 * Hands kept calls to the partner, one after the other in the order in which they were kept. The first that fails holds up
 * the others until it is done, or refused for good. A call whose end the position does not know is made again under its key;
 * one that must not be made twice is put aside instead.
 */
export class Replay {
  readonly #parts: Parts
  readonly #refused: Refused
  readonly #calls: KeptCalls
  #real: RealPartner | undefined
  #waiting: number
  /** How many were kept since the start. */
  #kept = 0
  #oldestAt: number | undefined
  #lastError: Backlog['lastError']
  #failures = 0
  /** How long the first of them waits before it is made again. */
  #pauseMs = 0
  #running: Promise<void> | undefined
  #call: ReplayCall | undefined
  #wake: (() => void) | undefined
  #back: (() => void) | undefined
  #closed = false

  private constructor(parts: Parts, refused: Refused, calls: KeptCalls) {
    this.#parts = parts
    this.#refused = refused
    this.#calls = calls
    this.#waiting = calls.countAtStart
  }

  static async open(parts: Parts): Promise<Replay> {
    const { limits: { directory, maxRefusedBytes }, outbox, log } = parts
    const calls = await KeptCalls.open(directory, outbox, log)
    return new Replay(parts, await Refused.open(directory, maxRefusedBytes), calls)
  }

  begin(real: RealPartner): void {
    this.#real = real
    // An answer to a live call tells that the partner is back.
    real.onAnswer(() => this.#back?.())
    this.#run()
  }

  /** A call was kept. */
  kept(at: number): void {
    this.#waiting++
    this.#kept++
    this.#oldestAt ??= at
    this.#run()
  }

  get backlog(): Backlog {
    return {
      waiting: this.#waiting, refused: this.#refused.count,
      ...(this.#oldestAt !== undefined && { oldestAt: this.#oldestAt }), ...(this.#lastError && { lastError: this.#lastError }),
    }
  }

  /** Looks whether refused calls were taken away. */
  async look(): Promise<void> {
    await this.#refused.look()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake?.()
    const cancel = this.#parts.clock.after(closeMs, () => this.#call?.abort())
    await this.#running
    cancel()
    await this.#calls.close()
  }

  #run(): void {
    if (!this.#real || this.#closed) return
    const real = this.#real
    this.#running ??= this.#handOver(real).finally(() => {
      this.#running = undefined
      // One that was kept while the last look was ending.
      if (this.#waiting > 0) this.#run()
    })
  }

  async #handOver(real: RealPartner): Promise<void> {
    const { limits, log } = this.#parts
    while (!this.#closed) {
      const startedMs = performance.now()
      try {
        const keptBefore = this.#kept
        const head = await this.#calls.head()
        if (head === 'written') return
        if (!head && this.#kept !== keptBefore) continue
        if (!head) break
        this.#oldestAt = Date.parse(head.entry.time)
        await this.#make(head, real)
      } catch (error) {
        // The disk, or a place for refused calls that is full: nothing is passed over.
        this.#fail('INTEGRATION_OUTBOX_FAILED')
        log.error({ err: error }, 'the outbox cannot be replayed')
      }
      await this.#sleep(1_000 / limits.perSecond - (performance.now() - startedMs))
      await this.#sleep(this.#pauseMs, 'untilBack')
    }
    if (this.#closed) return
    this.#oldestAt = undefined
    this.#waiting = 0
  }

  async #make({ entry, next }: Head, real: RealPartner): Promise<void> {
    const { limits, clock, log } = this.#parts
    const repeatable = real.isRepeatable(entry.operation)
    if (!repeatable && this.#calls.wasTried(entry)) {
      return this.#putAside(entry, next, 'INTEGRATION_OUTCOME_UNKNOWN', 'the process ended while the call was being made, and it must not be made twice')
    }
    if (!repeatable) await this.#calls.noteTrying(entry)

    this.#call = new ReplayCall(limits.timeoutMs, clock)
    try {
      await real.make({ operation: entry.operation, input: entry.input, idempotencyKey: entry.idempotencyKey ?? entry.id }, this.#call)
    } catch (error) {
      if (isPorticoError(error) && !error.retryable) return await this.#putAside(entry, next, error.code, error.message)
      if (!repeatable) await this.#calls.noteNotDone()
      const code = isPorticoError(error) ? error.code : 'KERNEL_BUG'
      if (!this.#lastError) log.warn({ operation: entry.operation, id: entry.id, code }, 'a kept call waits: the partner does not take it')
      const askedMs = isPorticoError(error) ? error.retryAfterMs : undefined
      return code === 'CALL_CIRCUIT_OPEN' ? this.#wait(code, askedMs) : this.#fail(code, askedMs)
    } finally {
      this.#call.end()
      this.#call = undefined
    }
    await this.#advance(next)
  }

  async #putAside(entry: Entry, next: number, code: string, message: string): Promise<void> {
    const refusedAt = new Date(this.#parts.clock.now()).toISOString()
    await this.#refused.put({ ...entry, refusedAt, code, message })
    this.#parts.log.error({ operation: entry.operation, id: entry.id, code }, 'a kept call was refused for good, and put aside')
    await this.#advance(next)
  }

  async #advance(offset: number): Promise<void> {
    await this.#calls.advance(offset)
    this.#waiting = Math.max(0, this.#waiting - 1)
    this.#failures = 0
    this.#pauseMs = 0
    this.#lastError = undefined
  }

  /** `askedMs`: the partner does not want to be asked before. */
  #fail(code: string, askedMs = 0): void {
    const { backoffMs, maxBackoffMs } = this.#parts.limits
    this.#failures++
    this.#pauseMs = Math.max(askedMs, Math.min(backoffMs * 2 ** (this.#failures - 1), maxBackoffMs))
    this.#lastError = { code, at: this.#parts.clock.now() }
  }

  /** The call was not made: others found out that the partner is away. What it failed with before is still what is known. */
  #wait(code: string, untilMs = 0): void {
    // Of a circuit that is tried by another call nothing is known of how long that takes.
    this.#pauseMs = untilMs > 0 ? untilMs : this.#parts.limits.backoffMs
    this.#lastError ??= { code, at: this.#parts.clock.now() }
  }

  async #sleep(delayMs: number, how?: 'untilBack'): Promise<void> {
    if (delayMs <= 0 || this.#closed) return
    let cancel: (() => void) | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (how) this.#back = resolve
      cancel = this.#parts.clock.after(delayMs, resolve)
    })
    cancel?.()
    this.#wake = this.#back = undefined
  }
}
