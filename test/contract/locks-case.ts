import type { ExecutionContext } from 'ava'
import type { BoundOperations, Clock } from '../../kernel/plugin.ts'
import type { Grant, LocksInProcess, LocksOperations } from '../../kernel/ports/locks/index.ts'
import type { SteppedClock, VirtualClock } from './clock.ts'

export type BoundLocks = BoundOperations<LocksOperations> & LocksInProcess

export interface LocksParts {
  readonly locks: BoundLocks
  /** Another binding on the same backend: another replica. The same one where a backend has one process. */
  readonly other: BoundLocks
}

/** Starts two replicas on an empty backend. */
export interface LocksHarness {
  /** One that stands still, or for a backend that has a time of its own, one that waits. */
  clock(): VirtualClock | SteppedClock
  start(t: ExecutionContext, clock: Clock): Promise<LocksParts>
}

export interface LocksCase {
  readonly title: string
  run(t: ExecutionContext, harness: LocksHarness): Promise<void>
}

export function promise(title: string, body: (t: ExecutionContext, parts: LocksParts & { readonly clock: VirtualClock | SteppedClock }) => Promise<void>): LocksCase {
  return {
    title,
    async run(t, harness) {
      const clock = harness.clock()
      await body(t, { ...(await harness.start(t, clock)), clock })
    },
  }
}

export const heldCode = { code: 'LOCK_HELD' }
export const lostCode = { code: 'LOCK_LOST' }

export function releaseOf(locks: BoundLocks, name: string, { token }: Grant) {
  return locks.release({ name, token })
}
