import type { JsonSchema } from '../../json.ts'
import { bytesSchema, documentSchema, durationSchema } from '../../manifest/units.ts'
import type { KeyFault } from '../definition.ts'
import { schemaCheck, type SchemaCheck } from '../schema-check.ts'
import type { QueueCapability } from './capabilities.ts'
import { deliverSchema, type DeliverKeys } from './deliver-keys.ts'
import type { LeaseLimits } from './driver.ts'
import { lanePathPattern } from './lanes.ts'
import { schedulesSchema, type ScheduleKeys } from './schedules/keys.ts'

/** What the manifest says of one queue; durations and sizes are numbers here. */
export interface QueueKeys {
  readonly queues?: Readonly<Record<string, Partial<QueueSettings>>>
}

export interface QueueLimits extends LeaseLimits {
  /** `$.customerId`: where in the payload the key of `perKey` stands. */
  readonly key?: string
}

interface QueueSettings {
  readonly attempts: number
  readonly backoff: { readonly initialMs?: number; readonly maxMs?: number }
  readonly leaseMs: number
  readonly maxCrashes: number
  readonly keep: { readonly doneMs?: number; readonly deadMs?: number }
  readonly maxPayloadBytes: number
  readonly ageingMs: number
  readonly deadlineMs: number
  readonly schema: JsonSchema
  readonly limits: QueueLimits
  readonly deliver: DeliverKeys
  readonly schedules: Readonly<Record<string, ScheduleKeys>>
}

/** A queue's rules with nothing left open. */
export interface QueueRules {
  readonly attempts: number
  readonly backoff: { readonly initialMs: number; readonly maxMs: number }
  readonly leaseMs: number
  readonly maxCrashes: number
  readonly keep: { readonly doneMs: number; readonly deadMs: number }
  readonly maxPayloadBytes: number
  /** How much later a job may come and still be leased first, for each point of priority that it has more. */
  readonly ageingMs: number
  readonly deadlineMs?: number
  /** What a payload must keep. */
  readonly check?: SchemaCheck
  readonly limits?: QueueLimits
}

const day = 86_400_000

export const defaultRules: QueueRules = {
  attempts: 8,
  backoff: { initialMs: 1_000, maxMs: 600_000 },
  leaseMs: 30_000,
  maxCrashes: 3,
  keep: { doneMs: day, deadMs: 30 * day },
  maxPayloadBytes: 1024 ** 2,
  ageingMs: 60_000,
}

/** Every declared queue by name, with the defaults filled in. */
export function rulesOf(keys: QueueKeys): ReadonlyMap<string, QueueRules> {
  return new Map(Object.entries(keys.queues ?? {}).map(([name, { schema, deliver: _elsewhere, schedules: _too, ...given }]) => [name, {
    ...defaultRules,
    ...given,
    ...(schema && { check: schemaCheck(schema) }),
    backoff: { ...defaultRules.backoff, ...given.backoff },
    keep: { ...defaultRules.keep, ...given.keep },
  }]))
}

const year = 366 * day
const group = (properties: Readonly<Record<string, JsonSchema>>, description: string): JsonSchema => ({ type: 'object', properties, additionalProperties: false, description })
const duration = (description: string, min: number, max: number): JsonSchema => ({ ...durationSchema, 'x-min': min, 'x-max': max, description })

const queueSchema = group({
  attempts: { type: 'integer', minimum: 1, maximum: 1000, description: 'How often a job is tried before it is a dead letter; 8 unless set.' },
  backoff: group({
    initial: duration('The longest wait before the second attempt, doubled with each further one; 1s unless set.', 0, day),
    max: duration('The longest wait there is; 10m unless set.', 0, 30 * day),
  }, 'How long a failed job waits: a random time up to a bound that doubles (full jitter).'),
  lease: duration('How long a worker has for a job unless it says otherwise or extends; 30s unless set.', 100, 3_600_000),
  maxCrashes: { type: 'integer', minimum: 1, maximum: 1000, description: 'How many leases may end without a word from the worker before the job is a dead letter; 3 unless set.' },
  keep: group({
    done: duration('How long done and cancelled jobs are kept, at least 10m; 1d unless set.', 0, 10 * year),
    dead: duration('How long dead letters are kept, at least 10m; 30d unless set.', 0, 10 * year),
  }, 'How long finished jobs can be looked at.'),
  schema: { ...documentSchema, description: 'What every payload must keep: a JSON Schema, inline or as a file. An enqueue that breaks it is refused (422).' },
  ageing: duration('How long a job waits for each point of priority that a later one has more, before it goes first; 1m unless set. So low priorities are not starved.', 1, day),
  deadline: duration('How long after its first `runAt` a job is given up, whatever its attempts; never unless set.', 1_000, year),
  limits: group({
    concurrent: { type: 'integer', minimum: 1, maximum: 100_000, description: 'How many jobs are active at once, over all replicas.' },
    perKey: { type: 'integer', minimum: 1, maximum: 10_000, description: 'How many jobs of one `key` are active at once; with 1 they run one after another, in order.' },
    key: { type: 'string', maxLength: 200, pattern: lanePathPattern, description: 'Where in the payload the key of `perKey` stands: `$.customerId`.' },
    rate: { ...group({
      jobs: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'How many.' },
      per: duration('In how long.', 100, day),
    }, 'How many jobs are leased in a time: a bucket of `jobs` that fills evenly.'), required: ['jobs', 'per'] },
  }, 'What is not exceeded, however many workers there are.'),
  maxPayload: { ...bytesSchema, 'x-min': 1, 'x-max': 4 * 1024 ** 2, description: 'The largest payload, as JSON; 1MiB unless set.' },
  deliver: deliverSchema,
  schedules: schedulesSchema,
}, 'What the application relies on in this queue.')

export const queueKeysSchema: JsonSchema = {
  type: 'object',
  properties: {
    queues: {
      type: 'object',
      description: 'The queues by name; `{}` takes every default.',
      additionalProperties: queueSchema,
      propertyNames: { pattern: '^[a-z][a-z0-9_-]{0,39}$' },
    },
  },
}

interface Demand {
  readonly capability: QueueCapability
  readonly path: readonly string[]
}

/** What these keys need of a backend. */
export function demandsOf({ queues = {} }: QueueKeys): readonly Demand[] {
  return Object.entries(queues).flatMap(([name, { limits, deadlineMs, ageingMs }]) => {
    const demands: readonly (readonly [QueueCapability, boolean, ...string[]])[] = [
      ['priority', ageingMs !== undefined, 'ageing'],
      ['deadline', deadlineMs !== undefined, 'deadline'],
      ['limits', limits !== undefined, 'limits'],
      ['ordering', limits?.perKey === 1, 'limits', 'perKey'],
    ]
    return demands.flatMap(([capability, asked, ...key]) => (asked ? { capability, path: ['queues', name, ...key] } : []))
  })
}

/** `perKey` and `key` stand together. */
export function faultsOfLimits({ queues = {} }: QueueKeys): readonly KeyFault[] {
  return Object.entries(queues).flatMap(([name, { limits }]) => {
    const path = ['queues', name, 'limits']
    if (!limits || (limits.perKey === undefined) === (limits.key === undefined)) return []
    return [limits.key === undefined
      ? { path: [...path, 'perKey'], message: 'needs `key` beside it: where in the payload the key stands, such as $.customerId' }
      : { path: [...path, 'key'], message: 'limits nothing without `perKey` beside it' }]
  })
}
