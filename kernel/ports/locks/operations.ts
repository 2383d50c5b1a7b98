import type { Call } from '../../call.ts'

export interface AcquireInput {
  /** 1 to 255 bytes of UTF-8; does not begin with `_`, and is not `.` or `..`. */
  readonly name: string
  /** 100 to 3,600,000. */
  readonly ttlMs: number
  /** 60,000 at most; 0 unless set. */
  readonly waitMs?: number
}

export interface Renewed {
  /** Grows with every grant of the name. Hand it to whatever the lock guards, which refuses an older one. */
  readonly fencingToken: number
  /** How long the lock is surely held still, when the answer is given. */
  readonly expiresInMs: number
}

export interface Grant extends Renewed {
  /** What renews and releases it; nobody guesses it. */
  readonly token: string
}

export interface HeldLock {
  readonly name: string
  readonly token: string
}

/**
 * Locks by name, each held by one at a time and for a time. A name needs no declaration. Time is the backend's.
 *
 * A holder that stalls past its time still believes that it holds the lock: only what checks the fencing token is safe from it.
 * A unit of work takes no lock: one that is given is refused.
 */
export interface LocksOperations {
  /**
   * Grants the lock for `ttlMs`, which count from the grant, and not from when the answer arrives. Waits at most `waitMs` for it; who waits
   * in one process is served in the order of coming, who waits in several in no order. A grant whose answer is lost ends with its time.
   * @throws LOCK_HELD, with `retryAfterMs` when it is known how long the holder has it still · LOCK_TOO_MANY_WAITING
   */
  acquire(input: AcquireInput, call: Call): Promise<Grant>
  /**
   * The lock ends `ttlMs` from now.
   * @throws LOCK_LOST when its time was over, also when nobody took it since; nothing changed.
   */
  renew(input: HeldLock & { readonly ttlMs: number }, call: Call): Promise<Renewed>
  /**
   * Frees the lock. A repeat answers the same, until a later holder released it too.
   * @throws LOCK_LOST when its time was over before; nothing changed.
   */
  release(input: HeldLock, call: Call): Promise<{ readonly released: true }>
}
