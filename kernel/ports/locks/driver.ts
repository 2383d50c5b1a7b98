import type { Call } from '../../call.ts'

export interface LockWanted {
  /** 1 to 255 bytes of UTF-8. */
  readonly name: string
  /** 32 hexadecimal digits, never used for another request. */
  readonly token: string
  readonly ttlMs: number
}

export type LockAnswer =
  /** Granted; `leftMs` where it was before, under this token, for so long from now. */
  | { readonly fencingToken: number; readonly leftMs?: number }
  /** This token was the last that freed it. */
  | { readonly released: true }
  /** Another holds it, and unless that one renews or releases it, for so long. */
  | { readonly heldForMs: number }

/**
 * The little that a backend must do: one live holder of each name, by the backend's own clock, and a count that only grows.
 * What waiting, a repeat or a bound means is decided above it.
 */
export interface LocksDriver {
  /**
   * Grants the lock if nobody holds it. Its fencing token is greater than that of every grant of the name before, also
   * of those that were released, ran out, or were granted before a restart. What is held under this token already is answered
   * as it is; what this token freed last is not granted to it again.
   */
  acquire(wanted: LockWanted, call: Call): Promise<LockAnswer>
  /** As `acquire`, but grants nothing: 0 for `heldForMs` where nobody holds it. */
  look(wanted: LockWanted, call: Call): Promise<LockAnswer>
  /** The lock ends `ttlMs` from now, if it is held under this token; its fencing token, or undefined when it is not. */
  renew(wanted: LockWanted, call: Call): Promise<number | undefined>
  /** Frees the lock if it is held under this token, and wakes whoever waits for it. True as well when this token was the last that freed it. */
  release(held: Pick<LockWanted, 'name' | 'token'>, call: Call): Promise<boolean>

  /** Whom a wake-up reaches: all who share the backend, or this process alone. */
  readonly wakesReach: 'everyone' | 'process'
  /** Hears when the lock is released. Lossy. */
  onWake(name: string, listener: () => void): () => void
}
