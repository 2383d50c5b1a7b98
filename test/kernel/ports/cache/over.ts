import { Meters } from '../../../../kernel/binding/meters.ts'
import { cache as port, type CacheDriver, type CacheInProcess, type CacheKeys, type CacheOperations } from '../../../../kernel/ports/cache/index.ts'
import type { Bound, Call } from '../../../../kernel/plugin.ts'
import { VirtualClock } from '../../../contract/clock.ts'

/** A call that counts how often it was degraded, a log that keeps its lines, and the port over `driver`. */
export function over(driver: CacheDriver, { clock = new VirtualClock(), keys = { timeoutMs: 1_000 } }: { readonly clock?: VirtualClock; readonly keys?: CacheKeys } = {}) {
  const lines: string[] = []
  const line = (_: object, message: string) => void lines.push(message)
  const log = { debug: line, info: line, warn: line, error: line, child: () => log }
  const calls = { degraded: 0 }
  const ailments: (() => string | undefined)[] = []
  const closers: (() => void | Promise<void>)[] = []
  const meters = new Meters('cache', 'cache')
  const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: 't', text: false, degrade: () => { calls.degraded += 1 } }
  const cache = implemented({ driver, clock, log, binding: 'cache', plugin: 'test', keys, capabilities: new Set(['tags'] as const), peer: () => undefined, meters, importScript: () => Promise.reject(new Error('there are no scripts')), onClose: (close) => void closers.push(close), onHealth: (ailment) => void ailments.push(ailment) })
  return {
    cache, call, calls, lines, clock, meters, bound: boundTo(cache, call),
    ailment: () => ailments[0]?.(),
    close: async () => { for (const close of closers) await close() },
  }
}

function implemented(parts: Parameters<NonNullable<typeof port.implement>>[0]): CacheOperations & CacheInProcess {
  if (!port.implement) throw new Error('the port has no meaning')
  const meaning = port.implement(parts)
  // As the binding makes of an answer that is at hand.
  return { ...meaning, get: async (input, call) => meaning.get(input, call), getMany: async (input, call) => meaning.getMany(input, call), set: async (input, call) => meaning.set(input, call), delete: async (input, call) => meaning.delete(input, call), invalidate: async (input, call) => meaning.invalidate(input, call) }
}

/** As callers of a binding have it, without the checks of the binding. */
function boundTo(cache: CacheOperations & CacheInProcess, call: Call): Bound['cache'] {
  return {
    get: (input) => cache.get(input, call),
    getMany: (input) => cache.getMany(input, call),
    set: (input) => cache.set(input, call),
    delete: (input) => cache.delete(input, call),
    invalidate: (input) => cache.invalidate(input, call),
    remember: cache.remember,
    rememberMany: cache.rememberMany,
    forget: cache.forget,
  }
}
