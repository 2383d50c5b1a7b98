import { definePort } from '../definition.ts'
import type { ErrorTable } from '../../errors.ts'
import { errorsOf } from '../../errors.ts'
import type { SqlConnection } from './driver.ts'

export type * from './driver.ts'

export const sqlErrors = {
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
  DATABASE_FAILED: {
    status: 500, retryable: false, title: 'Database error',
    detail: (at: { connection: string; reason: string }) => `${at.connection}: ${at.reason}`,
  },
} as const satisfies ErrorTable

export const sqlError = errorsOf(sqlErrors)

/** The inner port of SQL databases: what storage, queue and whatever else is kept in tables stand on. */
export const sql = definePort<Record<never, never>, SqlConnection>({
  name: 'sql',
  summary: 'A connection to a SQL database',
  inner: true,
  capabilities: {},
  operations: {},
  keys: { type: 'object', properties: {} },
  errors: sqlErrors,
})
