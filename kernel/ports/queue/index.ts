import type { BoundOperations } from '../../binding/bound.ts'
import { definePort } from '../definition.ts'
import { queueCapabilities, type QueueCapability } from './capabilities.ts'
import type { QueueDriver } from './driver.ts'
import { queueErrors } from './errors.ts'
import { queueOperations } from './http.ts'
import { demandsOf, faultsOfLimits, queueKeysSchema, type QueueKeys } from './keys.ts'
import { implementQueue, prepareQueue } from './meaning.ts'
import type { QueueOperations } from './operations.ts'
import { demandsOfSchedules, faultsOfSchedules } from './schedules/faults.ts'

export type * from './broker/driver.ts'
export type * from './driver.ts'
export type * from './operations.ts'
export type { QueueCapability } from './capabilities.ts'
export type { QueueKeys, QueueRules } from './keys.ts'
export { fittingAtOnce, maxBytesAtOnce, mayBeCut } from './at-once.ts'
export { gatherAdds, Gathered } from './gathered.ts'
export { queueError, queueErrors } from './errors.ts'

/** Jobs: kept until a worker has done them, leased to one worker at a time, retried, and set aside when they cannot be done. */
export const queue = definePort<QueueOperations, QueueDriver, QueueKeys, QueueCapability>({
  name: 'queue',
  summary: 'Jobs that run at least once: leases, retries, dead letters',
  capabilities: queueCapabilities,
  operations: queueOperations,
  keys: queueKeysSchema,
  errors: queueErrors,
  demands: (keys) => [...demandsOf(keys), ...demandsOfSchedules(keys)],
  check: (keys) => [...faultsOfLimits(keys), ...faultsOfSchedules(keys)],
  implement: implementQueue,
  prepare: prepareQueue,
})

declare module '../../binding/bound.ts' {
  interface Ports {
    queue: BoundOperations<QueueOperations>
  }
}
