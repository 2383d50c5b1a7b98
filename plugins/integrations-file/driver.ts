import type { Call, Clock } from '../../kernel/plugin.ts'
import { integrationError, PartnerFailure, type IntegrationDriver, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { makeUuids } from '../../kernel/ports/uuid.ts'
import { GivenUp, isFull, type Outbox } from './outbox.ts'

/** Keeps each call as one line of the outbox, durable before it answers. */
export class FileOutbox implements IntegrationDriver {
  readonly #outbox: Outbox
  readonly #binding: string
  readonly #clock: Clock
  readonly #nextId: () => string

  constructor(outbox: Outbox, binding: string, clock: Clock) {
    this.#outbox = outbox
    this.#binding = binding
    this.#clock = clock
    this.#nextId = makeUuids(clock)
  }

  async send({ operation, input }: PartnerRequest, call: Call): Promise<Sent> {
    const entry = { id: this.#nextId(), time: new Date(this.#clock.now()).toISOString(), binding: this.#binding, operation, input }
    try {
      await this.#outbox.append(`${JSON.stringify(entry)}\n`, () => call.remainingMs() > 0)
      return { accepted: true }
    } catch (cause) {
      if (cause instanceof GivenUp) throw new PartnerFailure({ why: 'timeout', reached: false, reason: cause.message }, cause)
      throw integrationError(isFull(cause) ? 'INTEGRATION_OUTBOX_FULL' : 'INTEGRATION_OUTBOX_FAILED', { binding: this.#binding, operation }, { cause })
    }
  }

  /** Whether the outbox takes calls. */
  async health(): Promise<void> {
    await this.#outbox.probe()
  }
}
