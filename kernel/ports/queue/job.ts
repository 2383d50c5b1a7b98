import { randomBytes } from 'node:crypto'
import { asText, type Json } from '../../json.ts'
import { isoTime } from '../time.ts'
import type { JobRow } from './driver.ts'
import type { Job, Lease } from './operations.ts'
import { parseTickKey } from './schedules/tick-key.ts'

/** A row as callers see it; `text` leaves stored JSON as text. */
export function toJob(row: JobRow, text: boolean): Job {
  const schedule = row.key === undefined ? undefined : parseTickKey(row.key)
  const json = (stored: string) => (text ? asText<Json>(stored) : (JSON.parse(stored) as Json))
  return {
    id: row.id,
    queue: row.queue,
    state: row.state,
    payload: json(row.payload),
    priority: row.priority,
    attempt: row.attempt,
    attempts: row.attempts,
    crashes: row.crashes,
    ...(row.progress && { progress: row.progress }),
    runAt: isoTime(row.runAt),
    enqueuedAt: isoTime(row.enqueuedAt),
    ...(row.finishedAt !== undefined && { finishedAt: isoTime(row.finishedAt) }),
    ...(row.result !== undefined && { result: json(row.result) }),
    errors: row.errors,
    ...(schedule ? { schedule } : row.key !== undefined && { idempotencyKey: row.key }),
  }
}

export function toLease(row: JobRow, nowMs: number, text: boolean): Lease {
  return { token: `${row.token ?? ''}.${row.id}`, job: toJob(row, text), expiresInMs: Math.max(0, (row.leaseUntil ?? nowMs) - nowMs) }
}

/**
 * A lease's own token: when it was made, in 48 bits, and 80 that nobody guesses. Hex, because a token stands in a path, where a
 * name must not begin with `_` as one of 64 would in base64url. The time saves keeping it: of two tokens neither is known here before its verb has found it true.
 */
export function newToken(nowMs: number): string {
  const token = randomBytes(16)
  token.writeUIntBE(nowMs, 0, 6)
  return token.toString('hex')
}

/** When the lease with this token began, by the backend's clock, to within a second. */
export function leasedAt(lease: string): number {
  return Number.parseInt(lease.slice(0, 12), 16)
}

/** The lease's own token and the job's id; undefined for what was never a token. */
export function parseToken(token: string): { readonly lease: string; readonly id: string } | undefined {
  const [, lease, id] = /^([0-9a-f]{32})\.([0-9a-f-]{36})$/.exec(token) ?? []
  return lease === undefined || id === undefined ? undefined : { lease, id }
}
