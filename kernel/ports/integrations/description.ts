import type { JsonSchema } from '../../json.ts'
import { policyStateSchema, type PolicyState } from '../../resilience/policy-state.ts'
import type { Backlog } from './backlog.ts'
import type { InboundKeys } from './inbound/keys.ts'
import type { Look } from './look.ts'

export interface OperationDescription {
  readonly name: string
  readonly summary?: string
  readonly idempotent: boolean
  readonly idempotencyKey: boolean
  readonly data: readonly string[]
  /** Present when no call of it overtakes one that is kept. */
  readonly ordered?: boolean
  /** What of the binding's policy is another for it: `retry`, `timeout`. */
  readonly overrides?: readonly string[]
  readonly input?: JsonSchema
  readonly output?: JsonSchema
}

export interface StandInDescription {
  readonly via: string
  /** The failures of the partner that it is for; all unless set. */
  readonly when?: readonly string[]
  /** Of one that keeps calls; times are RFC 3339. */
  readonly backlog?: BacklogDescription
}

export interface BacklogDescription {
  readonly waiting: number
  readonly refused: number
  readonly oldestAt?: string
  readonly lastError?: FailureDescription
}

/** How the driver's last look at the partner went, and when. */
export interface LookDescription {
  readonly ok: boolean
  readonly at: string
  readonly code?: string
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
  /** Whether calls are answered by a fallback now, if there is one: the last one failed, a circuit is not closed, or a look at the partner failed. */
  readonly degraded: boolean
  readonly lastError?: FailureDescription
  /** Present when its driver has looked. */
  readonly probe?: LookDescription
  /** Present when the manifest gives it one. */
  readonly policy?: PolicyState
  readonly operations: readonly OperationDescription[]
  /** In the order in which they are asked. */
  readonly fallback: readonly StandInDescription[]
  /** Present when it takes messages of the partner. */
  readonly inbound?: InboundDescription
}

const text = { type: 'string' }
const flag = { type: 'boolean' }
const time = { type: 'string', format: 'date-time' }
const failure = object({ code: text, at: time }, ['code', 'at'])

export const descriptionSchema: JsonSchema = object({
  binding: text, via: text, degraded: flag, lastError: failure, policy: policyStateSchema,
  probe: object({ ok: flag, at: time, code: text }, ['ok', 'at']),
  operations: list(object({ name: text, summary: text, idempotent: flag, idempotencyKey: flag, data: list(text), ordered: flag, overrides: list(text), input: { type: 'object' }, output: { type: 'object' } }, ['name', 'idempotent', 'idempotencyKey', 'data'])),
  fallback: list(object({ via: text, when: list(text), backlog: object({ waiting: { type: 'integer' }, refused: { type: 'integer' }, oldestAt: time, lastError: failure }, ['waiting', 'refused']) }, ['via'])),
  inbound: object({ scheme: text, binding: text, queue: text }, ['scheme', 'binding', 'queue']),
}, ['binding', 'via', 'degraded', 'operations', 'fallback'])

export function describeBacklog({ waiting, refused, oldestAt, lastError }: Backlog): BacklogDescription {
  return {
    waiting, refused,
    ...(oldestAt !== undefined && { oldestAt: timeOf(oldestAt) }),
    ...(lastError && { lastError: { code: lastError.code, at: timeOf(lastError.at) } }),
  }
}

export function describeLook({ at, code }: Look): LookDescription {
  return { ok: code === undefined, at: timeOf(at), ...(code !== undefined && { code }) }
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
