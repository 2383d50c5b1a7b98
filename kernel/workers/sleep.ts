import type { Clock } from '../clock.ts'

/** Answers after `ms`, or as soon as the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const wake = () => {
      takeBack()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const takeBack = clock.after(ms, wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}
