import type { Counter, Gauge, Meters } from '../../binding/meters.ts'
import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import { isPorticoError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { Breaker, type CircuitState, type Pass } from '../../resilience/breaker.ts'
import type { CacheDriver, Soon } from './driver.ts'
import { type CacheChange, KeptChanges } from './kept-changes.ts'
import { ownCall } from './own-call.ts'
import { Late, Patience } from './patience.ts'
import type { Question } from './questions.ts'

export interface BackendParts {
  readonly driver: CacheDriver
  readonly clock: Clock
  readonly log: Log
  readonly meters: Meters
  readonly binding: string
  /** How long the backend may take. */
  readonly timeoutMs: number
  readonly onClose: (close: () => Promise<void>) => void
  readonly onHealth?: (ailment: () => string | undefined) => void
}

/** So many failures one after the other, and the backend is left alone for so long. */
const breakerRules = { failures: 5, openForMs: 1_000 }
const recoverEveryMs = 1_000

/**
 * A driver that never fails its caller: an error or a late answer becomes the answer of a cache that has nothing. One that
 * keeps failing is left alone, and looked at again behind the answers of its callers, so that none of them waits for it.
 *
 * What it was not told of is kept, and until it knows all of it, it answers nothing.
 * @see docs/decisions/0053-a-fill-loses-to-any-change.md
 */
export class Backend {
  readonly #parts: BackendParts
  readonly #patience: Patience
  readonly #breaker: Breaker
  readonly #kept = new KeptChanges()
  readonly #failures: Counter
  readonly #keptGauge: Gauge
  readonly #openGauge: Gauge
  /** Not left alone, and told of every change. */
  #up = true
  #recovering = false
  #doubting = false
  #closed = false
  #error: unknown
  #cancelTimer: () => void = () => undefined

  constructor(parts: BackendParts) {
    const { clock, meters } = parts
    this.#parts = parts
    this.#patience = new Patience(clock, parts.timeoutMs)
    this.#breaker = new Breaker(breakerRules, clock, (to, from) => this.#turned(to, from))
    this.#failures = meters.counter('backend_failures_total', 'Times that the backend failed or was late.', {})
    this.#keptGauge = meters.gauge('kept_changes', 'Changes that the backend has not been told of.', {})
    this.#openGauge = meters.gauge('backend_left_alone', '1 while the backend is not asked because it keeps failing.', {})
    this.#keptGauge.value = this.#openGauge.value = 0
    parts.onClose(() => this.#close())
    parts.onHealth?.(() => this.#ailment())
  }

  /** What the driver answers; what is said otherwise, and a degraded call, when the backend cannot be asked, fails or is late. */
  ask<I, T>(question: Question<I, T>, input: I, call: Call): Soon<T> {
    if (!this.#up) {
      this.#recover()
      return this.#missed(question, input, call, undefined)
    }
    return this.#send(question, input, call, undefined)
  }

  /** Like `ask`, for what is a change: it is kept when the backend was not told, and in doubt told once more. */
  change<I, T>(question: Question<I, T>, input: I, call: Call, change: CacheChange): Soon<T> {
    return this.#breaker.state === 'closed' ? this.#send(question, input, call, change) : this.#missed(question, input, call, change)
  }

  #send<I, T>(question: Question<I, T>, input: I, call: Call, change: CacheChange | undefined): Soon<T> {
    const pass = this.#breaker.enter()
    if (pass === undefined) return this.#missed(question, input, call, change)
    let answer: Soon<T>
    try {
      answer = question.send(this.#parts.driver, input, call)
    } catch (error) {
      return this.#failed(pass, error, question, input, call, change)
    }
    if (!(answer instanceof Promise)) {
      // Copies answer whether the backend does or not.
      if (!this.#parts.driver.copies) this.#breaker.succeed(pass)
      return answer
    }
    return this.#patience.wait(answer).then(
      (value) => {
        this.#breaker.succeed(pass)
        return value
      },
      (error: unknown) => this.#failed(pass, error, question, input, call, change),
    )
  }

  #failed<I, T>(pass: Pass, error: unknown, question: Question<I, T>, input: I, call: Call, change: CacheChange | undefined): Soon<T> {
    // A backend that says what is wrong with one change is not down.
    if (change && isRefused(error)) this.#refused(pass)
    else if (error instanceof Late && question.isMuch?.(input)) this.#doubt(pass)
    else this.#fail(pass, error)
    return this.#missed(question, input, call, change)
  }

  /** Much that comes late says nothing of the backend: who reads little must not lose it for that. A small read says it, behind the answer. */
  #doubt(pass: Pass): void {
    this.#refused(pass)
    if (this.#doubting) return
    this.#doubting = true
    this.#patience.wait(this.#tell([])).then(() => { this.#breaker.succeed(pass) }, (error: unknown) => { this.#fail(pass, error) }).finally(() => { this.#doubting = false })
  }

  #missed<I, T>(question: Question<I, T>, input: I, call: Call, change: CacheChange | undefined): Soon<T> {
    call.degrade()
    if (!change) return question.otherwise(input, call)
    this.#keep(change)
    const dropped = this.#parts.driver.copies?.drop(change, call)
    const otherwise = () => question.otherwise(input, call)
    return dropped instanceof Promise ? dropped.then(otherwise, otherwise) : otherwise()
  }

  #keep(change: CacheChange): void {
    this.#kept.keep(change)
    this.#look()
    this.#recover()
  }

  /** Behind the answers: tells the backend what was kept, or when that is nothing, sees whether it answers. */
  #recover(): void {
    if (this.#recovering || this.#closed || this.#breaker.openMs > 0) return
    this.#recovering = true
    // After this turn, for a driver may answer, and fail, at once.
    void Promise.resolve().then(() => this.#tellKept()).finally(() => {
      this.#recovering = false
      this.#look()
      this.#recoverLater()
    })
  }

  /** Others may read what is older in the backend while nobody calls here. */
  #recoverLater(): void {
    this.#cancelTimer()
    if (!this.#up && !this.#closed) this.#cancelTimer = this.#parts.clock.after(recoverEveryMs, () => this.#recover())
  }

  async #tellKept(): Promise<void> {
    do {
      const pass = this.#breaker.enter()
      if (pass === undefined) return
      const changes = this.#kept.take()
      try {
        await this.#patience.wait(this.#tell(changes))
        this.#breaker.succeed(pass)
      } catch (error) {
        if (isRefused(error) && !isAll(changes)) {
          this.#giveUp(changes, pass, error)
          continue
        }
        for (const change of changes) this.#kept.keep(change)
        this.#fail(pass, error)
        return
      }
    } while (this.#kept.size > 0)
  }

  /** Told again it would be refused again: what it was about goes with all the rest. */
  #giveUp(changes: readonly CacheChange[], pass: Pass, error: unknown): void {
    const { log, binding } = this.#parts
    this.#refused(pass)
    this.#kept.keep({ all: true })
    log.warn({ binding, err: error, changes: changes.length }, 'the cache refuses a change; all its entries go instead')
  }

  async #tell(changes: readonly CacheChange[]): Promise<void> {
    const { driver, clock, timeoutMs } = this.#parts
    const call = ownCall(clock, timeoutMs)
    // A key that no caller can have, and no copy answers.
    if (changes.length === 0) await driver.read(['_'], call)
    await Promise.all(changes.map(async (change) => ('key' in change ? driver.delete(change.key, call) : driver.invalidate(change, call))))
  }

  #refused(pass: Pass): void {
    this.#failures.value++
    this.#breaker.release(pass)
  }

  #fail(pass: Pass, error: unknown): void {
    this.#error = error
    this.#failures.value++
    this.#breaker.fail(pass)
  }

  /** Two lines an outage: a cache that is down is asked thousands of times a second, and the metrics count each failure. */
  #turned(to: CircuitState, from: CircuitState): void {
    const { log, binding } = this.#parts
    if (to === 'open' && from === 'closed') log.warn({ binding, err: this.#error }, 'the cache is down; its callers go on without it')
    if (to === 'closed') log.info({ binding, kept: this.#kept.size }, 'the cache answers again')
    this.#look()
    if (to === 'open') this.#recoverLater()
  }

  #look(): void {
    this.#up = this.#breaker.state === 'closed' && this.#kept.size === 0 && !this.#recovering
    this.#keptGauge.value = this.#kept.size
    this.#openGauge.value = this.#breaker.state === 'closed' ? 0 : 1
  }

  #ailment(): string | undefined {
    if (this.#breaker.state !== 'closed') return 'it is left alone, for it kept failing; its callers go on without it'
    return this.#kept.size > 0 ? 'it has not been told of all changes; until then its callers go on without it' : undefined
  }

  /** What is still kept is told a last time: no other process knows of it. */
  async #close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer()
    if (this.#kept.size > 0 && !this.#recovering) await this.#tellKept()
  }
}

/** Whether the backend answered, and would say the same again; a 504 says that nobody knows what became of it. */
function isRefused(error: unknown): boolean {
  return isPorticoError(error) && !error.retryable && error.status !== 504
}

function isAll([change]: readonly CacheChange[]): boolean {
  return change !== undefined && 'all' in change
}
