import { randomUUID } from 'node:crypto'
import type { Call } from '../../kernel/plugin.ts'
import { pause } from './calls.ts'

/** So long after its last heartbeat the lock of a holder that crashed is free. */
const leaseMs = 15_000
const heartbeatMs = 4_000
const pollMs = 100

/** What the locks do to their collection; each is one command on one document. */
export interface LockStore {
  /** Takes the lock where nobody holds it, or its holder's time is over; false where somebody does. */
  take(name: string, owner: string, leaseMs: number, call: Call): Promise<boolean>
  /** Lengthens it while it is still the owner's. */
  extend(name: string, owner: string, leaseMs: number): Promise<void>
  free(name: string, owner: string): Promise<void>
}

/**
 * Runs `body` while the lock is held; a heartbeat keeps it. `late` is thrown when it did not come free within the call's
 * deadline.
 */
export async function holdLock<T>(store: LockStore, name: string, call: Call, late: () => Error, body: () => Promise<T>): Promise<T> {
  const owner = randomUUID()
  while (!(await store.take(name, owner, leaseMs, call))) {
    if (call.remainingMs() <= pollMs) throw late()
    await pause(pollMs)
  }

  // One that fails is made up for by the next: three fit into a lease.
  const heartbeat = setInterval(() => void store.extend(name, owner, leaseMs).catch(() => undefined), heartbeatMs)
  try {
    return await body()
  } finally {
    clearInterval(heartbeat)
    // Where it cannot be freed now, it is free when its time is over.
    await store.free(name, owner).catch(() => undefined)
  }
}
