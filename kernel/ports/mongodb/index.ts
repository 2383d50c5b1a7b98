import { databaseErrors } from '../database.ts'
import { definePort } from '../definition.ts'
import type { MongoConnection } from './driver.ts'
import { mongoErrors } from './errors.ts'

export type * from './driver.ts'
export { databaseError, type Fault, poolExhausted } from '../database.ts'
export { mongoError } from './errors.ts'

/** The inner port of MongoDB: what keeps documents there stands on it. */
export const mongodb = definePort<Record<never, never>, MongoConnection>({
  name: 'mongodb',
  summary: 'A connection to MongoDB',
  inner: true,
  capabilities: {},
  operations: {},
  keys: { type: 'object', properties: {} },
  errors: { ...databaseErrors, ...mongoErrors },
})
