import { databaseErrors } from '../database.ts'
import { definePort } from '../definition.ts'
import type { RedisConnection } from './driver.ts'

export type * from './driver.ts'
export { databaseError, type Fault } from '../database.ts'
export { type RedisEffect, redisScript, type RedisScript } from './script.ts'

/** The inner port of Redis: what keeps its keys there stands on it. */
export const redis = definePort<Record<never, never>, RedisConnection>({
  name: 'redis',
  summary: 'A connection to Redis',
  inner: true,
  capabilities: {},
  operations: {},
  keys: { type: 'object', properties: {} },
  errors: { ...databaseErrors },
})
