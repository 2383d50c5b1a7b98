import type { JsonSchema } from '../../json.ts'

type Properties = Readonly<Record<string, JsonSchema>>

const object = (properties: Properties, required: readonly string[] = []): JsonSchema => ({ type: 'object', properties, required, additionalProperties: false })
const integer = (minimum: number, maximum: number): JsonSchema => ({ type: 'integer', minimum, maximum })
const text = (maxLength: number, minLength = 1): JsonSchema => ({ type: 'string', minLength, maxLength })

export const time: JsonSchema = { type: 'string', format: 'date-time', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' }
const anything: JsonSchema = {}
export const queue = text(255)
const id = text(64)
const token = text(200)
const states = ['scheduled', 'ready', 'active', 'done', 'dead', 'cancelled'] as const
const tenYearsMs = 315_576_000_000

const newJob: Properties = {
  payload: anything,
  delayMs: integer(0, tenYearsMs),
  runAt: time,
  priority: integer(-1_000_000, 1_000_000),
  idempotencyKey: text(255),
  attempts: integer(1, 1000),
  backoff: object({ initialMs: integer(0, 86_400_000), maxMs: integer(0, 30 * 86_400_000) }, ['initialMs', 'maxMs']),
}

const progress = object({ percent: { type: 'number', minimum: 0, maximum: 100 }, message: text(1000, 0) })
const leaseMs = integer(100, 3_600_000)
const held = (more: Properties = {}, required: readonly string[] = []) => object({ queue, token, ...more }, ['queue', 'token', ...required])

export const inputs = {
  enqueue: object({ queue, ...newJob }, ['queue', 'payload']),
  enqueueMany: object({ queue, jobs: { type: 'array', items: object(newJob, ['payload']), minItems: 1, maxItems: 1000 } }, ['queue', 'jobs']),
  lease: object({ queue, max: integer(1, 100), waitMs: integer(0, 20_000), leaseMs, workerId: text(255), requestId: text(255) }, ['queue']),
  ack: held({ result: anything }),
  fail: held({ error: object({ message: text(10_000, 0), code: text(100) }, ['message']), retryInMs: integer(0, tenYearsMs), dead: { type: 'boolean' } }, ['error']),
  extend: held({ leaseMs, progress }, ['leaseMs']),
  release: held(),
  job: object({ queue, id }, ['queue', 'id']),
  list: object({ queue, state: { type: 'string', enum: states }, from: time, to: time, code: text(100), text: text(1000), limit: integer(1, 1000), after: text(2000) }, ['queue']),
  queue: object({ queue }, ['queue']),
  pause: object({ queue, reason: text(200) }, ['queue']),
  binding: object({}),
  redrive: object({
    queue, ids: { type: 'array', items: id, minItems: 1, maxItems: 1000 }, limit: integer(1, 1000),
    perSecond: { type: 'number', minimum: 0.001, maximum: 1_000_000 }, delayMs: integer(0, tenYearsMs), to: queue, payload: anything,
  }, ['queue']),
  discardDead: object({ queue, ids: { type: 'array', items: id, minItems: 1, maxItems: 1000 } }, ['queue', 'ids']),
} as const

const jobFields: Properties = {
  id, queue, state: { type: 'string', enum: states }, payload: anything, priority: { type: 'integer' },
  attempt: { type: 'integer' }, attempts: { type: 'integer' }, crashes: { type: 'integer' }, progress, runAt: time, enqueuedAt: time, finishedAt: time, result: anything,
  errors: { type: 'array', items: object({ at: time, attempt: { type: 'integer' }, message: { type: 'string' }, code: { type: 'string' } }, ['at', 'attempt', 'message']) },
  idempotencyKey: { type: 'string' },
  schedule: object({ name: { type: 'string' }, at: time }, ['name', 'at']),
}
const jobRequired = ['id', 'queue', 'state', 'payload', 'priority', 'attempt', 'attempts', 'crashes', 'runAt', 'enqueuedAt', 'errors']
const job = object(jobFields, jobRequired)
const count: JsonSchema = { type: 'integer', minimum: 0 }
const stateOf = (...names: readonly string[]): JsonSchema => ({ type: 'string', enum: names })
const counts = object({ queue, paused: { type: 'boolean' }, pauseReason: { type: 'string' }, ready: count, scheduled: count, active: count, done: count, dead: count, oldestReadyMs: { type: ['integer', 'null'] } }, [
  'queue', 'paused', 'ready', 'scheduled', 'active', 'done', 'dead', 'oldestReadyMs',
])

export const outputs = {
  job,
  enqueued: object({ ...jobFields, repeated: { type: 'boolean' } }, [...jobRequired, 'repeated']),
  jobs: object({ items: { type: 'array', items: job } }, ['items']),
  leases: object({ items: { type: 'array', items: object({ token, job, expiresInMs: count }, ['token', 'job', 'expiresInMs']) } }, ['items']),
  acked: object({ state: stateOf('done') }, ['state']),
  failed: object({ state: stateOf('scheduled', 'dead'), runAt: time }, ['state']),
  extended: object({ expiresInMs: count, signal: { enum: [null, 'cancel', 'drain'] } }, ['expiresInMs', 'signal']),
  released: object({ state: stateOf('ready') }, ['state']),
  page: object({ items: { type: 'array', items: job }, next: { type: ['string', 'null'] } }, ['items', 'next']),
  counts,
  queues: object({ items: { type: 'array', items: counts } }, ['items']),
  moved: object({ moved: count, refused: count }, ['moved']),
  removed: object({ removed: count }, ['removed']),
  discarded: object({ state: stateOf('cancelled', 'removed') }, ['state']),
} as const
