import { isUtf8 } from 'node:buffer'
import type { JsonSchema } from '../../../json.ts'
import type { Backoff } from '../../../resilience/backoff.ts'
import { schemaCheck } from '../../schema-check.ts'
import type { JobRow } from '../driver.ts'
import { isJobId } from '../inspecting.ts'
import type { JobError, JobProgress } from '../operations.ts'
import type { QueueRules } from '../keys.ts'
import { rankOf } from '../states.ts'
import type { BrokerDelivery } from './driver.ts'

/** What goes with a job's payload, as JSON in one header. */
interface JobState {
  readonly attempt: number
  readonly attempts: number
  readonly crashes: number
  readonly runAt: number
  readonly enqueuedAt: number
  readonly backoff?: Backoff | undefined
  readonly progress?: JobProgress | undefined
  readonly errors: readonly JobError[]
  /** Counts the messages that the job has been. */
  readonly revision: number
}

/** A frame of AMQP that carries headers cannot be split: all errors of a job together, and each of them, stay below this. */
const maxErrorsBytes = 16_384
const maxMessageLength = 1_000
/** No queue takes a larger payload. */
const maxPayloadBytes = 4 * 1024 ** 2

const count: JsonSchema = { type: 'integer', minimum: 0, maximum: 8_640_000_000_000_000 }
const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema => ({ type: 'object', properties, required })
const stateSchema = object({
  attempt: count, attempts: { ...count, minimum: 1 }, crashes: count, runAt: count, enqueuedAt: count, revision: count,
  backoff: object({ initialMs: count, maxMs: count }, ['initialMs', 'maxMs']),
  progress: object({ percent: { type: 'number' }, message: { type: 'string' } }, []),
  errors: {
    type: 'array', maxItems: 100,
    items: object({ at: { type: 'string' }, attempt: count, message: { type: 'string' }, code: { type: 'string' } }, ['at', 'attempt', 'message']),
  },
}, ['attempt', 'attempts', 'crashes', 'runAt', 'enqueuedAt', 'revision', 'errors'])

const broken = schemaCheck(stateSchema)

/** What is kept of a row beside its payload. */
export function toState({ attempt, attempts, crashes, runAt, enqueuedAt, backoff, progress, errors, revision }: JobRow): string {
  const state: JobState = { attempt, attempts, crashes, runAt, enqueuedAt, backoff, progress, errors: fitting(errors), revision }
  return JSON.stringify(state)
}

/** The latest errors, as many as a header can carry. */
function fitting(errors: readonly JobError[]): readonly JobError[] {
  const fit: JobError[] = []
  let bytes = 0
  for (const { message, ...error } of errors.toReversed()) {
    const short = message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength - 1).toWellFormed()}…`
    const one = { ...error, message: short }
    bytes += Buffer.byteLength(JSON.stringify(one))
    if (bytes > maxErrorsBytes) break
    fit.push(one)
  }
  return fit.reverse()
}

/** A message as the job that it is, in line; or why it is none. A queue is open to whoever may publish to it, so all is judged. */
export function toRow(delivery: BrokerDelivery, rules: QueueRules): JobRow | string {
  const { queue, id, payload, state: text } = delivery
  if (text === undefined) return 'it was not enqueued by this application'
  if (id === undefined || !isJobId(id)) return 'its id is none of a job'
  if (payload.length > maxPayloadBytes) return 'its payload is larger than any job\'s'
  const json = isUtf8(payload) ? payload.toString() : ''
  const state = parse(text)
  if (parse(json) === undefined) return 'its payload is no JSON'
  if (broken(state).length > 0) return 'its state is none of a job'

  // The schema has just held it to its shape.
  const { attempt, attempts, crashes, runAt, enqueuedAt, backoff, progress, errors, revision } = state as JobState
  return {
    id, queue, payload: json, attempt, attempts, crashes, runAt, enqueuedAt, backoff, progress, errors, revision,
    state: 'ready', priority: 0, rank: rankOf({ runAt, priority: 0 }, rules), holds: false, answers: [],
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
