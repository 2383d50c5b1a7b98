import type { BoundOperations } from '../../binding/bound.ts'
import { definePort } from '../definition.ts'
import type { LocksDriver } from './driver.ts'
import { locksErrors } from './errors.ts'
import { locksOperations } from './http.ts'
import { implementLocks } from './meaning.ts'
import type { LocksInProcess, LocksOperations } from './operations.ts'

export type * from './driver.ts'
export type * from './operations.ts'
export { lockError, locksErrors } from './errors.ts'

declare module '../../binding/bound.ts' {
  interface Ports {
    locks: BoundOperations<LocksOperations> & LocksInProcess
  }
}

/** One holder at a time of each name, over all replicas, for a time; every grant with a fencing token. */
export const locks = definePort<LocksOperations, LocksDriver, object, never, LocksInProcess>({
  name: 'locks',
  summary: 'Locks by name, each held by one for a time, with fencing tokens',
  capabilities: {},
  operations: locksOperations,
  keys: { type: 'object', properties: {}, additionalProperties: false },
  errors: locksErrors,
  implement: implementLocks,
})
