import type { Clock } from '../../../clock.ts'
import type { JobRow } from '../driver.ts'
import { repeatMs } from '../states.ts'
import type { BrokerDelivery } from './driver.ts'

export type Verb = 'ack' | 'fail' | 'release'

/** A job that this process holds for a worker. */
export interface HeldJob {
  row: JobRow
  readonly delivery: BrokerDelivery
  /** When it was taken. */
  readonly sinceMs: number
  /** Its lease is over; it is given back as soon as no verb is at work on it. */
  over: boolean
  /** The verb that is ending it. */
  ending?: { readonly verb: Verb; readonly answer: Promise<unknown> } | undefined
  takeBack: () => void
}

interface Answered {
  readonly verb: Verb
  readonly answer: unknown
  readonly untilMs: number
}

const mostAnswers = 10_000

/** The jobs that are held here, by the token of their lease, and what verbs answered of late. */
export class HeldJobs {
  readonly #clock: Clock
  readonly #max: number
  readonly #maxBytes: number
  readonly #byToken = new Map<string, HeldJob>()
  readonly #ids = new Map<string, HeldJob>()
  readonly #answers = new Map<string, Answered>()
  #bytes = 0

  constructor(clock: Clock, max: number, maxBytes: number) {
    this.#clock = clock
    this.#max = max
    this.#maxBytes = maxBytes
  }

  /** How many more can be held. */
  get room(): number {
    return this.#bytes >= this.#maxBytes ? 0 : this.#max - this.#byToken.size
  }

  get all(): readonly HeldJob[] {
    return [...this.#byToken.values()]
  }

  /** The job is held here, in a message of this revision or a later one. */
  holds(id: string, revision: number): boolean {
    const held = this.#ids.get(id)
    return held !== undefined && held.delivery.live && held.row.revision >= revision
  }

  get(token: string | undefined): HeldJob | undefined {
    return token === undefined ? undefined : this.#byToken.get(token)
  }

  add(held: HeldJob): void {
    this.#byToken.set(held.row.token ?? '', held)
    this.#ids.set(held.row.id, held)
    this.#bytes += held.row.payload.length
  }

  drop(held: HeldJob): void {
    if (!this.#byToken.delete(held.row.token ?? '')) return
    held.takeBack()
    this.#bytes -= held.row.payload.length
    if (this.#ids.get(held.row.id) === held) this.#ids.delete(held.row.id)
  }

  /** Those whose connection was lost: the broker has them back. */
  dropLost(): void {
    for (const held of this.#byToken.values()) if (!held.delivery.live && !held.ending) this.drop(held)
  }

  answered(token: string, verb: Verb, answer: unknown): void {
    this.#answers.set(token, { verb, answer, untilMs: this.#clock.now() + repeatMs })
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= mostAnswers) return
      this.#answers.delete(oldest)
    }
  }

  answerBefore(token: string, verb: Verb): unknown {
    const found = this.#answers.get(token)
    return found && found.verb === verb && found.untilMs > this.#clock.now() ? found.answer : undefined
  }
}
