/** How long a call may compute before others have their turn. */
const longestMs = 4

/**
 * Lets what else waits for the event loop have its turn, when 4 ms have passed since it last had one. Code that computes
 * over many rows or operations awaits it between them: `await` alone gives way to nothing but other promises.
 */
export function makeTurns(): () => Promise<void> | undefined {
  let sinceMs = performance.now()

  return () => {
    if (performance.now() - sinceMs < longestMs) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        sinceMs = performance.now()
        resolve()
      })
    })
  }
}
