import type { JsonSchema } from '../../json.ts'
import type { Backlog } from './backlog.ts'

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
}

const text = { type: 'string' }
const time = { type: 'string', format: 'date-time' }
const failure = object({ code: text, at: time }, ['code', 'at'])

export const descriptionSchema: JsonSchema = object({
  binding: text, via: text, degraded: { type: 'boolean' }, lastError: failure,
  operations: list(object({ name: text, idempotent: { type: 'boolean' }, idempotencyKey: { type: 'boolean' }, data: list(text), input: { type: 'object' }, output: { type: 'object' } }, ['name', 'idempotent', 'idempotencyKey', 'data'])),
  fallback: list(object({ via: text, backlog: object({ waiting: { type: 'integer' }, refused: { type: 'integer' }, oldestAt: time, lastError: failure }, ['waiting', 'refused']) }, ['via'])),
}, ['binding', 'via', 'degraded', 'operations', 'fallback'])

export function describeBacklog({ waiting, refused, oldestAt, lastError }: Backlog): BacklogDescription {
  return {
    waiting, refused,
    ...(oldestAt !== undefined && { oldestAt: timeOf(oldestAt) }),
    ...(lastError && { lastError: { code: lastError.code, at: timeOf(lastError.at) } }),
  }
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
