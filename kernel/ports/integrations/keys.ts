import type { JsonSchema } from '../../json.ts'
import { documentSchema } from '../../manifest/units.ts'
import type { HttpForm } from './http-form.ts'
import { inboundSchema, type InboundKeys } from './inbound/keys.ts'
import type { MailForm } from './mail-form.ts'
import type { StandInKeys } from './stand-ins.ts'

/** An operation as the manifest declares it: what the port asks, and the form that its drivers ask for. */
export interface DeclaredOperation extends Partial<HttpForm>, StandInKeys {
  readonly mail?: MailForm
  /** One line, for those who call it. */
  readonly summary?: string
  readonly input?: JsonSchema
  readonly output?: JsonSchema
  readonly idempotent?: boolean
  /** The classes of data that the partner receives with it. */
  readonly data?: readonly string[]
  /** No call of it overtakes one that is kept. */
  readonly ordered?: boolean
  /** The partner does a call with a key once, however often it comes. */
  readonly idempotencyKey?: boolean
}

/** The port's own keys. */
export interface IntegrationKeys {
  readonly operations?: Readonly<Record<string, DeclaredOperation>>
  readonly inbound?: InboundKeys
}

export const integrationKeys: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    inbound: inboundSchema,
    operations: {
      type: 'object',
      description: 'What can be called, by name.',
      propertyNames: { pattern: '^[a-z][a-z0-9_-]{0,39}$' },
      // Open to drivers: what a partner is asked by (method and path for HTTP) is theirs to declare.
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          summary: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[^\\r\\n]*$', description: 'What it does, in one line, for those who call it; told by its description and OpenAPI.' },
          input: { ...documentSchema, description: 'The JSON Schema of the input; any JSON unless set.' },
          output: { ...documentSchema, description: "The JSON Schema of the partner's answer; any JSON unless set." },
          idempotent: { type: 'boolean', description: 'Whether a repeat does no harm; unless set only for a `method` of GET, PUT or DELETE.' },
          ordered: { type: 'boolean', description: 'While a fallback keeps calls and hands them over in order, a call of this operation is kept behind them, although the partner may be back; false unless set.' },
          data: { type: 'array', maxItems: 32, items: { type: 'string', pattern: '^[a-z][a-z0-9_-]{0,39}$' }, description: 'The classes of data that the partner receives with it, in words of your own, such as `personal` or `payment`; told by its description.' },
          idempotencyKey: { type: 'boolean', description: 'The partner does a call with a key once, however often it comes: each call is sent with one, its caller\'s or its own, the same in every attempt, and counts as idempotent; false unless set.' },
        },
      },
    },
  },
}

/** Whether a repeat does no harm: by its key, or as declared, else as RFC 9110 says of the method, and without one not. */
export function isIdempotent({ idempotent, idempotencyKey, method }: DeclaredOperation): boolean {
  return idempotencyKey === true || (idempotent ?? (method !== undefined && method !== 'POST' && method !== 'PATCH'))
}
