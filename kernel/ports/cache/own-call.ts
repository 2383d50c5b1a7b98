import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'

/** The call of what is no operation, and so has none of the binding's. */
export function ownCall(clock: Clock, timeoutMs: number, onDegraded: () => void = () => undefined): Call {
  const endsAtMs = clock.now() + timeoutMs
  let controller: AbortController | undefined
  let degraded = false

  return {
    get signal() {
      return (controller ??= new AbortController()).signal
    },
    remainingMs: () => Math.max(0, endsAtMs - clock.now()),
    traceId: '',
    text: false,
    degrade() {
      if (!degraded) onDegraded()
      degraded = true
    },
  }
}
