import type { Call } from '../../kernel/plugin.ts'
import { DeadlinePassed } from './faults.ts'

/** The call of what the connection does on its own account. */
export function internalCall(timeoutMs: number): Call {
  const untilMs = performance.now() + timeoutMs
  return { signal: new AbortController().signal, remainingMs: () => Math.max(0, untilMs - performance.now()), traceId: 'amqp', text: false, degrade: () => undefined }
}

/** What `work` answers, or `DeadlinePassed` when the call's time, or `atMostMs`, is over first. Nothing can be taken back: who waits no longer says what becomes of it. */
export async function within<T>(call: Pick<Call, 'remainingMs'>, work: Promise<T>, atMostMs = Number.POSITIVE_INFINITY): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new DeadlinePassed('no answer came in time')), Math.min(call.remainingMs(), atMostMs))
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}
