import { kernelError, type FieldError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import { badText, findBadText } from '../text.ts'
import { queueError } from './errors.ts'
import type { QueueRules } from './keys.ts'
import { laneOf } from './lanes.ts'

const maxDepth = 30
const maxNameBytes = 255

/** @throws INPUT_INVALID that names one field. */
export function refuse(operation: string, path: string, message: string): never {
  throw kernelError('INPUT_INVALID', { operation }, { errors: [{ path, message } satisfies FieldError] })
}

/**
 * A payload or result as the JSON text that is kept.
 * @throws INPUT_INVALID for what no backend can carry · QUEUE_PAYLOAD_TOO_LARGE
 */
export function toJsonText(value: Json, at: { readonly operation: string; readonly path: string; readonly queue: string; readonly maxBytes: number }): string {
  const bad = findBadText(value, { maxDepth })
  if (bad) refuse(at.operation, at.path + bad.path, bad.message)

  const text = JSON.stringify(value)
  const bytes = Buffer.byteLength(text)
  if (bytes > at.maxBytes) throw queueError('QUEUE_PAYLOAD_TOO_LARGE', { queue: at.queue, bytes, maxBytes: at.maxBytes })
  return text
}

/** What a payload is to the queue that takes it. */
export interface JudgedPayload {
  /** JSON. */
  readonly text: string
  readonly lane: string | undefined
}

/** @throws what `toJsonText` does · QUEUE_PAYLOAD_INVALID when it breaks the queue's schema, or lacks the key of its limits. */
export function judgePayload(value: Json, at: { readonly operation: string; readonly path: string; readonly queue: string }, rules: QueueRules): JudgedPayload {
  const { queue, path } = at
  const text = toJsonText(value, { ...at, maxBytes: rules.maxPayloadBytes })
  const broken = rules.check?.(value) ?? []
  if (broken.length > 0) throw queueError('QUEUE_PAYLOAD_INVALID', { queue }, { errors: broken.map((error) => ({ ...error, path: path + error.path })) })

  const key = rules.limits?.key
  const lane = key === undefined ? undefined : laneOf(value, key)
  if (key !== undefined && lane === undefined) {
    throw queueError('QUEUE_PAYLOAD_INVALID', { queue }, { errors: [{ path: path + key.slice(1).replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('.', '/'), message: `must be a string, number or boolean: ${queue} limits its jobs by it` }] })
  }
  return { text, lane }
}

/** A payload that was judged when it came in: where it stands follows the rules of today. */
export function judgedBefore(text: string, { limits }: QueueRules): JudgedPayload {
  return { text, lane: limits?.key === undefined ? undefined : laneOf(JSON.parse(text) as Json, limits.key) }
}

/** @throws INPUT_INVALID unless every backend can keep this text; a `name` is also indexed, so it is at most 255 bytes. */
export function checkText(operation: string, path: string, text: string | undefined, kind: 'name' | 'text' = 'text'): void {
  if (text === undefined) return
  const bad = badText(text)
  if (bad) refuse(operation, path, bad)
  if (kind === 'name' && Buffer.byteLength(text) > maxNameBytes) refuse(operation, path, `must be at most ${maxNameBytes} bytes of UTF-8`)
}

/** Milliseconds of a time that the schema let through; a day that no calendar has is refused. */
export function parseTime(operation: string, path: string, text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== text) refuse(operation, path, 'must be a time of the calendar, as 2026-11-21T10:00:00.000Z')
  return ms
}
