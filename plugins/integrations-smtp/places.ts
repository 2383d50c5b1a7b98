import { PartnerFailure } from '../../kernel/ports/integrations/index.ts'
import { GivenUp } from './session.ts'

/** Beyond it nobody will get a place in time. */
const maxWaiting = 1_000

/** Room for so many connections at once; who comes later waits, first come, first served. */
export class Places {
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** @throws PartnerFailure when too many wait already; GivenUp when `signal` ends it. */
  async take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw new GivenUp('the time is over')
    if (this.#free > 0) {
      this.#free--
      return
    }
    if (this.#waiting.size >= maxWaiting) throw new PartnerFailure({ why: 'unreachable', reached: false, reason: `${maxWaiting} mails are waiting already` })

    const place = Promise.withResolvers<undefined>()
    const come = () => place.resolve(undefined)
    const leave = () => {
      if (this.#waiting.delete(come)) place.reject(new GivenUp('no connection was free in time'))
    }
    this.#waiting.add(come)
    signal.addEventListener('abort', leave, { once: true })
    await place.promise
    signal.removeEventListener('abort', leave)
  }

  giveBack(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
