import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { CacheDriver, Soon } from './driver.ts'

export interface BackendParts {
  readonly driver: CacheDriver
  readonly clock: Clock
  readonly log: Log
  readonly binding: string
  /** How long the backend may take. */
  readonly timeoutMs: number
}

/** A driver that never fails its caller: an error or a late answer becomes the answer of a cache that has nothing. */
export class Backend {
  readonly #parts: BackendParts
  #down = false

  constructor(parts: BackendParts) {
    this.#parts = parts
  }

  /** What `send` gets from the driver; `otherwise`, and a degraded call, when the backend fails or is late. */
  ask<T>(call: Call, otherwise: T, send: (driver: CacheDriver) => Soon<T>): Soon<T> {
    let answer: Soon<T>
    try {
      answer = send(this.#parts.driver)
    } catch (error) {
      return this.#failed(call, otherwise, error)
    }
    return answer instanceof Promise ? this.#await(call, otherwise, answer) : this.#answered(answer)
  }

  #await<T>(call: Call, otherwise: T, answer: Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#parts
    return new Promise((resolve) => {
      const late = () => resolve(this.#failed(call, otherwise, new Error(`no answer in ${timeoutMs} ms`)))
      const cancel = clock.after(timeoutMs, late)
      answer.then(
        (value) => {
          cancel()
          resolve(this.#answered(value))
        },
        (error: unknown) => {
          cancel()
          resolve(this.#failed(call, otherwise, error))
        },
      )
    })
  }

  #answered<T>(answer: T): T {
    if (this.#down) {
      this.#down = false
      this.#parts.log.info({ binding: this.#parts.binding }, 'the cache answers again')
    }
    return answer
  }

  #failed<T>(call: Call, otherwise: T, error: unknown): T {
    call.degrade()
    // One line an outage: a cache that is down is asked thousands of times a second, and the metrics count each.
    if (!this.#down) {
      this.#down = true
      this.#parts.log.warn({ binding: this.#parts.binding, err: error }, 'the cache is down; its callers go on without it')
    }
    return otherwise
  }
}
