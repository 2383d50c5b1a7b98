import type { Call } from '../../kernel/plugin.ts'
import { DeadlinePassed } from './faults.ts'

/** The call of what the connection does on its own account. */
export function internalCall(timeoutMs: number): Call {
  const untilMs = performance.now() + timeoutMs
  return { signal: new AbortController().signal, remainingMs: () => Math.max(0, untilMs - performance.now()), traceId: 'mongodb', text: false, degrade: () => undefined }
}

/** What `work` answers, or `DeadlinePassed` when the call's time is over first: for what the SDK cannot be told to end. */
export async function within<T>(call: Call, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new DeadlinePassed()), call.remainingMs())
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
