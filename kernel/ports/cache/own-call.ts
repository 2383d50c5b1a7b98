import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'

/** A call that tells whether it was degraded: a backend that just failed it is not asked by it again. */
export interface OwnCall extends Call {
  readonly degraded: boolean
}

/** The call of what is no operation, and so has none of the binding's. */
export function ownCall(clock: Clock, timeoutMs: number, onDegraded: () => void = () => undefined): OwnCall {
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
    get degraded() {
      return degraded
    },
    degrade() {
      if (!degraded) onDegraded()
      degraded = true
    },
  }
}
