import type { Json } from '../../kernel/plugin.ts'
import { integrationError, type IntegrationDriver, type IntegrationKeys, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'

/** Answers each call of an operation with what the manifest says, whatever its input. */
export class StaticAnswers implements IntegrationDriver {
  readonly #answers: ReadonlyMap<string, Json>
  readonly #binding: string

  constructor({ operations = {} }: IntegrationKeys, binding: string) {
    this.#answers = new Map(Object.entries(operations).flatMap(([name, { answer }]) => (answer === undefined ? [] : [[name, answer] as const])))
    this.#binding = binding
  }

  async send({ operation }: PartnerRequest): Promise<Sent> {
    const output = this.#answers.get(operation)
    if (output === undefined) throw integrationError('INTEGRATION_NO_ANSWER_KEPT', { binding: this.#binding, operation, reason: 'the manifest declares no `answer` of it' })
    return { output: structuredClone(output) }
  }
}
