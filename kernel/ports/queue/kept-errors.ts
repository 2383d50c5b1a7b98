import type { JobError } from './operations.ts'

const maxErrors = 100
/** In characters. */
export const maxMessageLength = 1_000
/** Of all errors of a job, as they are kept. */
const maxBytes = 16 * 1024
/** What an error takes beside its texts: names, time, attempt. */
const errorBytes = 90

/**
 * The errors of a job and one more. A job has no more of them than anyone reads: a message is cut, and of many, or long ones, those
 * after the first go: how it began and how it stands are kept.
 */
export function withError(errors: readonly JobError[], error: JobError): readonly JobError[] {
  const kept = [...errors, { ...error, message: cut(error.message) }]
  let bytes = kept.reduce((sum, one) => sum + bytesOf(one), 0)
  while (kept.length > 2 && (kept.length > maxErrors || bytes > maxBytes)) {
    for (const gone of kept.splice(1, 1)) bytes -= bytesOf(gone)
  }
  return kept
}

function bytesOf({ message, code = '' }: JobError): number {
  return errorBytes + Buffer.byteLength(message) + Buffer.byteLength(code)
}

/** A character of two halves is not cut in half. */
function cut(message: string): string {
  if (message.length <= maxMessageLength) return message
  return `${message.slice(0, maxMessageLength - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
