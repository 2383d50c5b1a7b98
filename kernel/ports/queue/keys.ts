import type { JsonSchema } from '../../json.ts'
import { bytesSchema, durationSchema } from '../../manifest/units.ts'

/** What the manifest says of one queue; durations and sizes are numbers here. */
export interface QueueKeys {
  readonly queues?: Readonly<Record<string, Partial<QueueSettings>>>
}

interface QueueSettings {
  readonly attempts: number
  readonly backoff: { readonly initialMs?: number; readonly maxMs?: number }
  readonly leaseMs: number
  readonly maxCrashes: number
  readonly keep: { readonly doneMs?: number; readonly deadMs?: number }
  readonly maxPayloadBytes: number
}

/** A queue's rules with nothing left open. */
export interface QueueRules {
  readonly attempts: number
  readonly backoff: { readonly initialMs: number; readonly maxMs: number }
  readonly leaseMs: number
  readonly maxCrashes: number
  readonly keep: { readonly doneMs: number; readonly deadMs: number }
  readonly maxPayloadBytes: number
}

const day = 86_400_000

export const defaultRules: QueueRules = {
  attempts: 8,
  backoff: { initialMs: 1_000, maxMs: 600_000 },
  leaseMs: 30_000,
  maxCrashes: 3,
  keep: { doneMs: day, deadMs: 30 * day },
  maxPayloadBytes: 1024 ** 2,
}

/** Every declared queue by name, with the defaults filled in. */
export function rulesOf(keys: QueueKeys): ReadonlyMap<string, QueueRules> {
  return new Map(Object.entries(keys.queues ?? {}).map(([name, given]) => [name, {
    ...defaultRules,
    ...given,
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
  maxPayload: { ...bytesSchema, 'x-min': 1, 'x-max': 4 * 1024 ** 2, description: 'The largest payload, as JSON; 1MiB unless set.' },
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
