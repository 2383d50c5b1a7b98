import { databaseErrors } from '../database.ts'
import { definePort } from '../definition.ts'
import type { AmqpConnection } from './driver.ts'

export type * from './driver.ts'
export { databaseError, type Fault } from '../database.ts'

/** The inner port of brokers that speak AMQP 0-9-1: what keeps messages there stands on it. */
export const amqp = definePort<Record<never, never>, AmqpConnection>({
  name: 'amqp',
  summary: 'A connection to RabbitMQ',
  inner: true,
  capabilities: {},
  operations: {},
  keys: { type: 'object', properties: {} },
  errors: databaseErrors,
})
