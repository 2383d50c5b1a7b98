import { integrationError, PartnerFailure, type IntegrationDriver, type PartnerAnswer, type PartnerRequest, type RecordedAnswer, type Sent } from '../../kernel/ports/integrations/index.ts'
import { Exchanges } from './exchanges.ts'
import { nearestOf } from './nearest.ts'
import type { Recorded } from './recording.ts'

/** How many operations an error names. */
const maxNames = 20

/** Answers calls as a recording says that they were answered, failures included, and asks nobody. */
export class ReplayedPartner implements IntegrationDriver {
  readonly #exchanges: Exchanges
  readonly #binding: string

  constructor(recorded: readonly Recorded[], binding: string) {
    this.#exchanges = new Exchanges(recorded)
    this.#binding = binding
  }

  /** @throws INTEGRATION_NOT_RECORDED for a call that is not in the recording, with what is nearest to it. */
  async send(request: PartnerRequest): Promise<Sent> {
    const exchange = this.#exchanges.take(request.operation, request.input)
    if (!exchange) throw this.#notRecorded(request)

    if (exchange.failure) throw new PartnerFailure(exchange.failure)
    // The schema of a line asks for one of the three.
    return exchange.answer ? { answer: toAnswer(exchange.answer) } : { output: structuredClone(exchange.output ?? null) }
  }

  #notRecorded({ operation, input }: PartnerRequest): Error {
    const nearest = nearestOf(this.#exchanges.candidates(operation), input)
    const at = { binding: this.#binding, operation, recorded: this.#exchanges.operations.slice(0, maxNames) }
    if (!nearest) return integrationError('INTEGRATION_NOT_RECORDED', at)
    return integrationError('INTEGRATION_NOT_RECORDED', { ...at, nearestLine: nearest.line }, { errors: nearest.differences })
  }
}

/** What was left out was no JSON, and is none again. */
function toAnswer({ status, mediaType, retryAfterMs, body, leftOut }: RecordedAnswer): PartnerAnswer {
  const text = leftOut ? '?' : body === undefined ? '' : JSON.stringify(body)
  return { status, mediaType, text, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
