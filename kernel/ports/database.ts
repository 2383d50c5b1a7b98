import type { ErrorTable, PorticoError } from '../errors.ts'
import { errorsOf } from '../errors.ts'

/** What every inner port of a database says, whatever its kind: declared once, and listed by each of those ports. */
export const databaseErrors = {
  DATABASE_UNAVAILABLE: {
    status: 503, retryable: true, title: 'Database unavailable',
    detail: (at: { connection: string }) => `the database of ${at.connection} does not answer`,
  },
  DATABASE_BUSY: {
    status: 503, retryable: true, title: 'Database busy',
    detail: (at: { connection: string }) => `the database of ${at.connection} is busy`,
  },
  DATABASE_FULL: {
    status: 507, retryable: true, title: 'Disk full',
    detail: (at: { connection: string }) => `the disk of ${at.connection} is full; reads go on, writes work again when there is space`,
  },
  DATABASE_OUTCOME_UNKNOWN: {
    status: 504, retryable: false, title: 'Outcome unknown',
    detail: (at: { connection: string }) => `the connection to ${at.connection} was lost while committing: the write may or may not be there`,
  },
  DATABASE_POOL_EXHAUSTED: {
    status: 503, retryable: true, title: 'Pool exhausted',
    detail: (at: { connection: string; waitedMs: number }) => `no connection of ${at.connection} came free in ${at.waitedMs} ms`,
  },
  DATABASE_TOO_LARGE: {
    status: 413, retryable: false, title: 'Too large for the database',
    detail: (at: { connection: string; reason: string }) => `${at.connection}: ${at.reason}`,
  },
  DATABASE_FAILED: {
    status: 500, retryable: false, title: 'Database error',
    detail: (at: { connection: string; reason: string }) => `${at.connection}: ${at.reason}`,
  },
} as const satisfies ErrorTable

const databaseErrorOf = errorsOf(databaseErrors)

/** What can befall a statement or a command, in the words of no single database; each driver translates its SDK's errors into one. */
export type Fault = 'unavailable' | 'busy' | 'full' | 'outcome-unknown' | 'too-large' | 'failed'

/** After what passes by itself, a second is soon enough. */
const retryAfterMs = 1_000

const codeOfFault = {
  unavailable: 'DATABASE_UNAVAILABLE',
  busy: 'DATABASE_BUSY',
  full: 'DATABASE_FULL',
  'outcome-unknown': 'DATABASE_OUTCOME_UNKNOWN',
} as const

/** The port error of a fault. `reason` is for `failed` and `too-large` alone: the others say enough by their code. */
export function databaseError(connection: string, fault: Fault, reason: string, cause?: unknown): PorticoError {
  const isWorded = fault === 'failed' || fault === 'too-large'
  const extras = { ...(cause !== undefined && { cause }), ...(!isWorded && fault !== 'outcome-unknown' && { retryAfterMs }) }
  if (isWorded) return databaseErrorOf(fault === 'failed' ? 'DATABASE_FAILED' : 'DATABASE_TOO_LARGE', { connection, reason }, extras)
  return databaseErrorOf(codeOfFault[fault], { connection }, extras)
}

/** For a call that found every connection of the pool in use for `waitedMs`. */
export function poolExhausted(connection: string, waitedMs: number, cause?: unknown): PorticoError {
  return databaseErrorOf('DATABASE_POOL_EXHAUSTED', { connection, waitedMs: Math.round(waitedMs) }, { retryAfterMs, ...(cause !== undefined && { cause }) })
}
