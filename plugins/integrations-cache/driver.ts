import { LRUCache } from 'lru-cache'
import type { Clock, Json, SettingsOf } from '../../kernel/plugin.ts'
import { callKey, integrationError, isReusable, type IntegrationDriver, type IntegrationKeys, type PartnerRequest, type RealPartner, type Sent } from '../../kernel/ports/integrations/index.ts'
import type { settings as declared } from './settings.ts'

interface Kept {
  /** JSON text: nobody who is given the answer can change what is kept. */
  readonly text: string
  readonly at: number
}

/** Remembers good answers of the partner that it stands behind, and gives the last one to the same input. */
export class LastAnswers implements IntegrationDriver {
  readonly #answers: LRUCache<string, Kept>
  readonly #reusable: ReadonlySet<string>
  readonly #maxAgeMs: number
  readonly #binding: string
  readonly #clock: Clock

  constructor({ maxSizeBytes, maxAgeMs }: SettingsOf<typeof declared>, { operations = {} }: IntegrationKeys, binding: string, clock: Clock) {
    this.#answers = new LRUCache({ maxSize: maxSizeBytes, sizeCalculation: ({ text }, key) => 2 * (text.length + key.length) + 100 })
    this.#reusable = new Set(Object.entries(operations).filter(([, operation]) => isReusable(operation)).map(([name]) => name))
    this.#maxAgeMs = maxAgeMs
    this.#binding = binding
    this.#clock = clock
  }

  behind(real: RealPartner): void {
    real.onAnswer(({ operation, input, output }) => {
      if (this.#reusable.has(operation)) this.#answers.set(callKey(operation, input), { text: JSON.stringify(output), at: this.#clock.now() })
    })
  }

  async send({ operation, input }: PartnerRequest): Promise<Sent> {
    const nothing = (reason: string) => integrationError('INTEGRATION_NO_ANSWER_KEPT', { binding: this.#binding, operation, reason })
    if (!this.#reusable.has(operation)) throw nothing('an earlier answer may not stand for a later one')

    const kept = this.#answers.get(callKey(operation, input))
    if (!kept || this.#clock.now() - kept.at > this.#maxAgeMs) throw nothing('there is no answer to this input that is young enough')
    return { output: JSON.parse(kept.text) as Json }
  }
}
