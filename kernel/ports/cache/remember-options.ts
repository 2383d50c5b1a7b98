import type { CallOptions } from '../../call.ts'

/** What a load is told. */
export interface LoadContext {
  readonly key: string
  /** Aborts when nobody waits for the load any more: all who did gave up, or their time is over. Who never looks at it loads on, and is cached. */
  readonly signal: AbortSignal
}

/** As a load of many keys is told. */
export type LoadManyContext = Pick<LoadContext, 'signal'>

export interface RememberOptions extends Pick<CallOptions, 'signal' | 'timeoutMs' | 'onDegraded'> {
  /** The binding's key `ttl` unless set. */
  readonly ttlMs?: number
  /** How long after `ttlMs` the old value is still answered at once, while one load behind the answer renews it; the key `stale`, or 0. */
  readonly staleMs?: number
  /** How long after `ttlMs` the old value is answered, degraded, when the load fails or takes too long; the key `grace`, or 0. */
  readonly graceMs?: number
  readonly tags?: readonly string[]
  /** Which part of `ttlMs` is taken off at random, 0 to 0.5, so that what was cached together does not end together; the key `jitter`, or 0. */
  readonly jitter?: number
  /** How long it is cached that the load gave null or undefined, 0 for not at all; the key `negative`, or as long as any value. */
  readonly negativeMs?: number
  /** Where callers of one key share a load; the key `singleFlight`, or `process`. */
  readonly singleFlight?: 'process' | 'cluster'
  /** How long one load has a key to itself, for who loads may have died: what takes longer is not cached, and with `cluster` another replica loads. A third of `timeoutMs` unless set. */
  readonly holdMs?: number
}

/** The port's keys that stand in for options. */
export interface RememberKeys {
  readonly staleMs?: number
  readonly graceMs?: number
  readonly negativeMs?: number
  readonly jitter?: number
  readonly singleFlight?: 'process' | 'cluster'
}

/** Those of `remember` that hold for loads which nobody shares and which no old value stands in for. */
export type RememberManyOptions = Pick<RememberOptions, 'ttlMs' | 'tags' | 'jitter' | 'negativeMs' | 'holdMs' | 'signal' | 'timeoutMs' | 'onDegraded'>
