import type { JsonSchema } from '../json.ts'
import { namePattern } from './names.ts'
import { durationSchema, shareSchema } from './units.ts'

const maxMs = 3_600_000
const timeout = { ...durationSchema, 'x-min': 1, 'x-max': maxMs } as const
const wait = { ...durationSchema, 'x-max': maxMs } as const

const attempts = {
  attempts: { type: 'integer', minimum: 1, maximum: 20, default: 3, description: 'Attempts of a call in all, the first one included' },
  initial: { ...wait, default: '100ms', description: 'The longest wait before the second attempt; doubled for each one after it, and jittered from 0 on' },
  max: { ...wait, default: '10s', description: 'The longest wait of all' },
} as const
const budget = { ...shareSchema, default: '20%', description: 'How many retries each success pays for, over all calls of the binding; 10 are there from the start' } as const

const openFor = { ...durationSchema, 'x-min': 1, 'x-max': maxMs, default: '30s', description: 'How long it stays open before one call tries' } as const
const breakers = [
  { properties: { failures: { type: 'integer', minimum: 1, maximum: 10_000, default: 5, description: 'Failures one after the other that open it' }, openFor } },
  {
    required: ['rate'],
    properties: {
      rate: { ...shareSchema, 'x-min': 0.01, description: 'The share of failures that opens it' },
      window: { ...durationSchema, 'x-min': 100, 'x-max': maxMs, default: '30s', description: 'How far back calls count' },
      minCalls: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 20, description: 'With fewer calls in the window it stays closed' },
      openFor,
    },
  },
] as const

const bulkhead = {
  required: ['concurrent'],
  properties: {
    concurrent: { type: 'integer', minimum: 1, maximum: 100_000, description: 'Calls at once' },
    queued: { type: 'integer', minimum: 0, maximum: 100_000, default: 0, description: 'Calls that wait for a place' },
  },
} as const

/** A part of a policy, or `null` for none. */
function part(description: string, ...alternatives: readonly JsonSchema[]): JsonSchema {
  return { anyOf: [...alternatives.map((one) => ({ type: 'object', additionalProperties: false, ...one })), { type: 'null' }], description }
}

const parts = {
  timeout: { ...timeout, description: 'How long a call may take, its retries and waits included' },
  circuitBreaker: part('Keeps calls away from a backend that fails', ...breakers),
  bulkhead: part('Bounds how many calls are made at once', bulkhead),
  attemptTimeout: { ...timeout, description: 'How long one attempt may take before it is cancelled' },
} as const

const operation = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: { ...parts, retry: part('When a call is made again', { properties: attempts }) },
} as const

/** The top-level `policies`. */
export const policiesSchema = {
  type: 'object',
  description: 'Policies by name; a binding takes one with `policy`',
  propertyNames: { pattern: namePattern },
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      ...parts,
      retry: part('When a call is made again: one that failed for now, and that may be repeated', { properties: { ...attempts, budget } }),
      operations: { type: 'object', additionalProperties: operation, description: 'What single operations have of their own' },
    },
  },
} as const satisfies JsonSchema

/** The top-level `chaos`. */
export const chaosSchema = {
  type: 'object',
  description: 'Faults to rehearse, by binding; refused unless the start allows it',
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      latency: { ...wait, description: 'How much later each call reaches the backend' },
      errors: { ...shareSchema, default: '0%', description: 'The share of calls that fail' },
      drop: { ...shareSchema, default: '0%', description: 'The share of calls that are never answered' },
    },
  },
} as const satisfies JsonSchema
