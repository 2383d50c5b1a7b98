import type { JsonSchema } from '../../json.ts'
import type { Backlog } from './backlog.ts'
import type { InboundKeys } from './inbound/keys.ts'

export interface OperationDescription {
  readonly name: string
  readonly idempotent: boolean
  readonly idempotencyKey: boolean
  readonly data: readonly string[]
  readonly input?: JsonSchema
  readonly output?: JsonSchema
}

export interface StandInDescription {
  readonly via: string
  /** Of one that keeps calls; times are RFC 3339. */
  readonly backlog?: BacklogDescription
}

export interface BacklogDescription {
  readonly waiting: number
  readonly refused: number
  readonly oldestAt?: string
  readonly lastError?: FailureDescription
}

/** A failure without words: those may hold what the partner said. */
export interface FailureDescription {
  readonly code: string
  readonly at: string
}

/** What the partner sends, and where it goes. */
export interface InboundDescription {
  readonly scheme: string
  readonly binding: string
  readonly queue: string
}

export interface IntegrationDescription {
  readonly binding: string
  /** The plugin of its own driver. */
  readonly via: string
  /** Whether the last call to it failed, so that a fallback, if there is one, answered. */
  readonly degraded: boolean
  readonly lastError?: FailureDescription
  readonly operations: readonly OperationDescription[]
  /** In the order in which they are asked. */
  readonly fallback: readonly StandInDescription[]
  /** Present when it takes messages of the partner. */
  readonly inbound?: InboundDescription
}

const text = { type: 'string' }
const time = { type: 'string', format: 'date-time' }
const failure = object({ code: text, at: time }, ['code', 'at'])

export const descriptionSchema: JsonSchema = object({
  binding: text, via: text, degraded: { type: 'boolean' }, lastError: failure,
  operations: list(object({ name: text, idempotent: { type: 'boolean' }, idempotencyKey: { type: 'boolean' }, data: list(text), input: { type: 'object' }, output: { type: 'object' } }, ['name', 'idempotent', 'idempotencyKey', 'data'])),
  fallback: list(object({ via: text, backlog: object({ waiting: { type: 'integer' }, refused: { type: 'integer' }, oldestAt: time, lastError: failure }, ['waiting', 'refused']) }, ['via'])),
  inbound: object({ scheme: text, binding: text, queue: text }, ['scheme', 'binding', 'queue']),
}, ['binding', 'via', 'degraded', 'operations', 'fallback'])

export function describeBacklog({ waiting, refused, oldestAt, lastError }: Backlog): BacklogDescription {
  return {
    waiting, refused,
    ...(oldestAt !== undefined && { oldestAt: timeOf(oldestAt) }),
    ...(lastError && { lastError: { code: lastError.code, at: timeOf(lastError.at) } }),
  }
}

export function describeInbound({ verify, to }: InboundKeys): InboundDescription {
  return { scheme: verify.scheme, binding: to.binding ?? 'queue', queue: to.queue }
}

export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

function object(properties: JsonSchema, required: readonly string[]): JsonSchema {
  return { type: 'object', additionalProperties: false, required, properties }
}

function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}
