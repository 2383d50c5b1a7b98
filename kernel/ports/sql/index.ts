import { databaseErrors } from '../database.ts'
import { definePort } from '../definition.ts'
import type { SqlConnection } from './driver.ts'

export type * from './driver.ts'
export type * from './structure.ts'
export { integerOf } from './structure.ts'
export { databaseError, poolExhausted } from '../database.ts'
export type { Fault } from '../database.ts'
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
  errors: databaseErrors,
})
