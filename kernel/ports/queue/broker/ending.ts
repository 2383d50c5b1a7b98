import type { Call } from '../../../call.ts'
import type { JobRow } from '../driver.ts'
import { keepMs } from '../states.ts'
import type { BrokerContext } from './context.ts'
import type { BrokerDelivery, BrokerMessage } from './driver.ts'
import { toState } from './envelope.ts'

/** How jobs leave this process: each is sent anew where it goes, confirmed, and only then acknowledged, so that none is lost in between. */
export class Ending {
  readonly #context: BrokerContext

  constructor(context: BrokerContext) {
    this.#context = context
  }

  /** The job is done, and gone. */
  async done({ id }: JobRow, delivery: BrokerDelivery, call: Call): Promise<void> {
    // Its worker said so: it is not run here again, whatever becomes of the acknowledgement.
    this.#context.ended.from(id, Number.POSITIVE_INFINITY)
    await delivery.ack(call)
  }

  /** The job goes on as `row` says: in line, later, or as a dead letter. */
  async moved(row: JobRow, delivery: BrokerDelivery, call: Call): Promise<void> {
    const next = { ...row, revision: row.revision + 1 }
    await this.#context.driver.send([row.state === 'dead' ? this.#dead(next) : this.#again(next)], call)
    this.#context.ended.from(row.id, next.revision)
    await delivery.ack(call)
  }

  /** What was never a job is set aside as it came, with the reason. */
  async setAside({ queue, id, payload, ...delivery }: BrokerDelivery, reason: string, call: Call): Promise<void> {
    const { driver, rulesOf } = this.#context
    await driver.send([{ queue, to: 'dead', id: id ?? '', payload, state: '', reason, keepMs: keepMs('dead', rulesOf(queue)) }], call)
    await delivery.ack(call)
  }

  #again(row: JobRow): BrokerMessage {
    const delayMs = Math.max(0, row.runAt - this.#context.clock.now())
    return { queue: row.queue, to: 'queue', id: row.id, payload: row.payload, state: toState(row), delayMs }
  }

  /** Put back into its queue, by a shovel of the broker's, it begins anew with its errors. */
  #dead(row: JobRow): BrokerMessage {
    const state = toState({ ...row, attempt: 0, crashes: 0 })
    return { queue: row.queue, to: 'dead', id: row.id, payload: row.payload, state, reason: row.errors.at(-1)?.message, keepMs: keepMs('dead', this.#context.rulesOf(row.queue)) }
  }
}
