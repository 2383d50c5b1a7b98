import type { Clock } from '../../clock.ts'
import { unsupported } from '../../errors.ts'
import type { Cache } from './cache.ts'
import { badTags } from './keys.ts'
import { maxTtlMs } from './operations.ts'
import { ownCall, type OwnCall } from './own-call.ts'
import type { RememberOptions } from './remember-options.ts'

/** What one `remember` is to do, once options and keys are one. */
export interface RememberPlan {
  readonly ttlMs: number | undefined
  readonly staleMs: number
  readonly graceMs: number
  readonly tags: readonly string[]
  readonly jitter: number
  readonly negativeMs: number | undefined
  readonly cluster: boolean
  readonly holdMs: number
  readonly timeoutMs: number
}

const defaultTimeoutMs = 30_000

/**
 * @throws INPUT_INVALID for an option that breaks the rules.
 * @throws CACHE_UNSUPPORTED for tags that the driver cannot do.
 */
export function planOf(cache: Cache, options: RememberOptions): RememberPlan {
  refuseOptions(cache, options)
  const { keys } = cache.parts
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  return {
    ttlMs: options.ttlMs ?? keys.ttlMs,
    staleMs: options.staleMs ?? keys.staleMs ?? 0,
    graceMs: options.graceMs ?? keys.graceMs ?? 0,
    tags: options.tags ?? [],
    jitter: options.jitter ?? keys.jitter ?? 0,
    negativeMs: options.negativeMs ?? keys.negativeMs,
    cluster: (options.singleFlight ?? keys.singleFlight) === 'cluster',
    holdMs: options.holdMs ?? Math.ceil(timeoutMs / 3),
    timeoutMs,
  }
}

function refuseOptions(cache: Cache, { ttlMs, staleMs, graceMs, negativeMs, holdMs, timeoutMs, jitter, singleFlight, tags }: RememberOptions): void {
  refuseMs(cache, 'ttlMs', ttlMs, 1)
  refuseMs(cache, 'staleMs', staleMs, 0)
  refuseMs(cache, 'graceMs', graceMs, 0)
  refuseMs(cache, 'negativeMs', negativeMs, 0)
  refuseMs(cache, 'holdMs', holdMs, 1)
  refuseMs(cache, 'timeoutMs', timeoutMs, 1)
  if (jitter !== undefined && !(jitter >= 0 && jitter <= 0.5)) cache.refuse('remember', { path: '/jitter', message: 'must be a number from 0 to 0.5' })
  if (singleFlight !== undefined && singleFlight !== 'process' && singleFlight !== 'cluster') cache.refuse('remember', { path: '/singleFlight', message: 'must be process or cluster' })
  if (tags === undefined) return
  if (!cache.parts.capabilities.has('tags')) throw unsupported('cache', { binding: cache.parts.binding, what: 'remember with tags', capability: 'tags' })
  cache.refuse('remember', badTags(tags))
}

function refuseMs(cache: Cache, name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= maxTtlMs)) return
  cache.refuse('remember', { path: `/${name}`, message: `must be an integer from ${least} to ${maxTtlMs}` })
}

/** `remember` takes a function, so it is no operation and has no call of the binding's. */
export function callOf({ timeoutMs = defaultTimeoutMs, onDegraded }: RememberOptions, clock: Clock): OwnCall {
  return ownCall(clock, timeoutMs, onDegraded)
}
