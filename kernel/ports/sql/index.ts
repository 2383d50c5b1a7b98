import { definePort } from '../definition.ts'
import type { SqlConnection } from './driver.ts'
import { sqlErrors } from './errors.ts'

export type * from './driver.ts'
export { databaseError, sqlError, sqlErrors } from './errors.ts'
export type { Fault } from './errors.ts'
export { SqlRefusal } from './refusal.ts'
export { ddlStatements, makeShape } from './shape.ts'
export type { Compiler } from './shape.ts'
export { Signals } from './signals.ts'

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
