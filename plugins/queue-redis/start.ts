import type { Call } from '../../kernel/plugin.ts'
import { databaseError, type RedisConnection } from '../../kernel/ports/redis/index.ts'
import { callUpAllScript } from './scripts/change.ts'

/** The start is nobody's call. */
export function startCall(signal: AbortSignal): Call {
  return { signal, remainingMs: () => 30_000, traceId: 'queue-start', text: false, degrade: () => {} }
}

/** Begins the keys of a binding; the braces keep them in one slot. */
export function baseOf(connection: RedisConnection, binding: string): string {
  return `${connection.prefix}:{${binding}}:`
}

const atOnce = 500
const maxRounds = 1_000

/**
 * Refuses a server that would drop jobs when its memory is full, and lets what was set aside under the limits of before be looked at again.
 * @throws DATABASE_FAILED
 */
export async function prepare(connection: RedisConnection, binding: string, signal: AbortSignal): Promise<void> {
  const { evicts } = connection.facts
  if (evicts !== 'noeviction') throw databaseError(binding, 'failed', `the server's maxmemory-policy is ${evicts}, under which it drops jobs when its memory is full; set \`maxmemory-policy noeviction\`, or give the queue a server of its own`)

  const call = startCall(signal)
  const base = baseOf(connection, binding)
  // Bounded: replicas that run already set aside again what this one calls up.
  for (let rounds = 0; rounds < maxRounds && !signal.aborted; rounds++) {
    if ((await connection.run(callUpAllScript, [base], [String(atOnce)], call)) === 0) return
  }
}
