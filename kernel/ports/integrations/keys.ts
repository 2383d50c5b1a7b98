import type { JsonSchema } from '../../json.ts'
import { documentSchema } from '../../manifest/units.ts'
import type { Method } from './driver.ts'

/** An operation as the manifest declares it. */
export interface DeclaredOperation {
  readonly method: Method
  readonly path: string
  readonly input?: JsonSchema
  readonly output?: JsonSchema
  readonly idempotent?: boolean
  /** The partner does a call with a key once, however often it comes. */
  readonly idempotencyKey?: boolean
}

/** The port's own keys. */
export interface IntegrationKeys {
  readonly operations?: Readonly<Record<string, DeclaredOperation>>
}

/** Segments of unreserved characters and placeholders; a dot segment, `//`, `?` and `%` do not fit in. */
const pathPattern = '^(/(?!\\.{1,2}(/|$))([A-Za-z0-9._~!$&\'()*+,;=:@-]|\\{[A-Za-z_][A-Za-z0-9_]{0,63}\\})+)+/?$|^/$'

export const integrationKeys: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    operations: {
      type: 'object',
      description: 'What can be called, by name.',
      propertyNames: { pattern: '^[a-z][a-z0-9_-]{0,39}$' },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['method', 'path'],
        properties: {
          method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], description: 'GET and DELETE send the input as the query, the others as the body.' },
          path: { type: 'string', pattern: pathPattern, maxLength: 1_000, description: 'Below the base URL; `{field}` is filled from the input, percent-encoded.' },
          input: { ...documentSchema, description: 'The JSON Schema of the input; any JSON unless set.' },
          output: { ...documentSchema, description: "The JSON Schema of the partner's answer; any JSON unless set." },
          idempotent: { type: 'boolean', description: 'Whether a repeat does no harm; true for GET, PUT and DELETE, false for POST and PATCH unless set.' },
          idempotencyKey: { type: 'boolean', description: 'The partner does a call with a key once, however often it comes: each call is sent with one, its caller\'s or its own, the same in every attempt, and counts as idempotent; false unless set.' },
        },
      },
    },
  },
}

/** Whether a repeat does no harm: by its key, or as declared, else as RFC 9110 says of the method. */
export function isIdempotent({ idempotent, idempotencyKey, method }: DeclaredOperation): boolean {
  return idempotencyKey === true || (idempotent ?? (method !== 'POST' && method !== 'PATCH'))
}
