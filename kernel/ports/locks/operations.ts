import type { Call } from '../../call.ts'

export interface AcquireInput {
  /** 1 to 255 bytes of UTF-8; does not begin with `_`, and is not `.` or `..`. */
  readonly name: string
  /** 100 to 3,600,000. */
  readonly ttlMs: number
  /** 60,000 at most; 0 unless set. */
  readonly waitMs?: number
  /** 16 to 255 bytes that nobody guesses, such as a UUID; another one for each request. Who knows it has the grant. */
  readonly requestId?: string
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
   * in one process is served in the order of coming, who waits in several in no order. A grant whose answer is lost ends with its time,
   * or is answered to a repeat: the same `requestId` for the same name answers the grant that it got, while that is held, and how
   * long it is held still. Once the grant ran out, a repeat is a request like any other.
   * @throws LOCK_LOST when what this `requestId` was granted was released, until a later holder released too ·
   *   LOCK_HELD, with `retryAfterMs` when it is known how long the holder has it still · LOCK_TOO_MANY_WAITING
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

/** What a leader is given. */
export interface Leadership {
  /** Aborts when it leads no longer, or is to stop: what goes on after that is guarded by the fencing token alone. */
  readonly signal: AbortSignal
  readonly fencingToken: number
}

export interface LeaderOptions {
  /** How long a leader that died is missed at most; 15,000 unless set. It is renewed each third of that. */
  readonly ttlMs?: number
  /** Ends the candidacy, or the lead. */
  readonly signal?: AbortSignal
}

/** What locks offer in process only. */
export interface LocksInProcess {
  /**
   * Waits to hold the lock `name`, and runs `task` while it does: in one replica at a time, whichever it is. Answers what `task` answered, or throws what
   * it threw, and gives the lock back. When the lead is lost meanwhile, the task is told by its signal; when it has ended, it waits to lead again, and
   * runs it anew. A backend that is down is tried again.
   * Answers undefined when it is told to stop, by `signal` or because the binding closes, before the task was done.
   * @throws INPUT_INVALID
   */
  leader<T>(name: string, task: (leadership: Leadership) => T | Promise<T>, options?: LeaderOptions): Promise<T | undefined>
}
