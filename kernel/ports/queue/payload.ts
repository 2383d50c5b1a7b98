import { kernelError, type FieldError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import { badText, findBadText } from '../text.ts'
import { queueError } from './errors.ts'

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
