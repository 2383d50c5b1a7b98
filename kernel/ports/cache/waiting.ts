import type { Clock } from '../../clock.ts'
import { kernelError } from '../../errors.ts'

/** How long one caller waits. */
interface Wait {
  readonly operation: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
}

/**
 * The outcome, for one of those who wait for it.
 * @throws CALL_DEADLINE_EXCEEDED when it takes longer than `timeoutMs`.
 * @throws CALL_ABORTED when the signal aborts first.
 */
export function waitFor<T>(outcome: Promise<T>, { operation, timeoutMs, clock, signal }: Wait): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => { end(); reject(kernelError('CALL_ABORTED', { operation })) }
    const cancel = clock.after(timeoutMs, () => { end(); reject(kernelError('CALL_DEADLINE_EXCEEDED', { operation, timeoutMs })) })
    const end = () => {
      cancel()
      signal?.removeEventListener('abort', abort)
    }
    outcome.then(resolve, reject).finally(end)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}
