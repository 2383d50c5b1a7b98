import type { Clock } from '../../clock.ts'
import { unsupported, type FieldError } from '../../errors.ts'
import { whatThereIs } from '../../manifest/suggest.ts'
import type { Cache } from './cache.ts'
import { badTags, maxKeys } from './keys.ts'
import { maxTtlMs } from './operations.ts'
import { ownCall, type OwnCall } from './own-call.ts'
import type { RememberManyOptions, RememberOptions } from './remember-options.ts'

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

/** What plans a load. */
export type Remembering = 'remember' | 'rememberMany'

const manyNames = ['ttlMs', 'tags', 'jitter', 'negativeMs', 'holdMs', 'timeoutMs', 'signal', 'onDegraded'] as const satisfies readonly (keyof RememberManyOptions)[]
const optionNames: Readonly<Record<Remembering, readonly string[]>> = {
  remember: [...manyNames, 'staleMs', 'graceMs', 'singleFlight'] satisfies readonly (keyof RememberOptions)[],
  rememberMany: manyNames,
}

const defaultTimeoutMs = 30_000

/**
 * @throws INPUT_INVALID for an option that breaks the rules.
 * @throws CACHE_UNSUPPORTED for tags that the driver cannot do.
 */
export function planOf(cache: Cache, operation: Remembering, load: unknown, options: RememberOptions): RememberPlan {
  cache.refuse(operation, wrongLoad(load) ?? wrongOptions(options, optionNames[operation]) ?? wrongTags(options.tags))
  if (options.tags && !cache.parts.capabilities.has('tags')) throw unsupported('cache', { binding: cache.parts.binding, what: `${operation} with tags`, capability: 'tags' })
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

/** @throws INPUT_INVALID for what is no list of keys, or too long a one. */
export function refuseKeys(cache: Cache, keys: unknown): void {
  const wrong = !isTexts(keys) ? 'must be a list of texts' : keys.length > maxKeys ? `must be at most ${maxKeys} keys` : undefined
  if (wrong !== undefined) cache.refuse('rememberMany', { path: '/keys', message: wrong })
}

function wrongLoad(load: unknown): FieldError | undefined {
  return typeof load === 'function' ? undefined : { path: '/load', message: 'must be a function' }
}

function wrongOptions(options: RememberOptions, names: readonly string[]): FieldError | undefined {
  // Whoever calls from plain JavaScript can give anything.
  if (typeof options !== 'object' || (options as RememberOptions | null) === null) return { path: '', message: 'the options must be an object' }
  for (const name in options) {
    if (!names.includes(name)) return { path: `/${name.slice(0, 100)}`, message: `is no option${whatThereIs(name, names)}` }
  }
  const { ttlMs, staleMs, graceMs, negativeMs, holdMs, timeoutMs, jitter, singleFlight, signal, onDegraded } = options
  const wrongMs = badMs('ttlMs', ttlMs, 1) ?? badMs('staleMs', staleMs, 0) ?? badMs('graceMs', graceMs, 0) ?? badMs('negativeMs', negativeMs, 0) ?? badMs('holdMs', holdMs, 1) ?? badMs('timeoutMs', timeoutMs, 1)
  if (wrongMs) return wrongMs
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 0.5)) return { path: '/jitter', message: 'must be a number from 0 to 0.5' }
  if (singleFlight !== undefined && singleFlight !== 'process' && singleFlight !== 'cluster') return { path: '/singleFlight', message: 'must be process or cluster' }
  if (signal !== undefined && !((signal as unknown) instanceof AbortSignal)) return { path: '/signal', message: 'must be an AbortSignal' }
  return onDegraded === undefined || typeof onDegraded === 'function' ? undefined : { path: '/onDegraded', message: 'must be a function' }
}

function wrongTags(tags: unknown): FieldError | undefined {
  if (tags === undefined) return undefined
  return isTexts(tags) ? badTags(tags) : { path: '/tags', message: 'must be a list of texts' }
}

function isTexts(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every((one) => typeof one === 'string')
}

function badMs(name: string, value: number | undefined, least: number): FieldError | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= maxTtlMs)) return undefined
  return { path: `/${name}`, message: `must be an integer from ${least} to ${maxTtlMs}` }
}

/** `remember` takes a function, so it is no operation and has no call of the binding's. */
export function callOf({ timeoutMs = defaultTimeoutMs, onDegraded }: RememberOptions, clock: Clock): OwnCall {
  return ownCall(clock, timeoutMs, onDegraded)
}
