import { randomUUID } from 'node:crypto'
import { makeUnit, type OpenUnit } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import { isPorticoError } from '../../errors.ts'
import { type Backoff, backoffMs } from '../../resilience/backoff.ts'
import type { UnitOptions } from './operations.ts'

/** What a commit answers when another writer was first and nothing was applied: the unit runs again. */
const conflicts: ReadonlySet<string> = new Set(['STORAGE_CONTENDED', 'QUEUE_KEY_RACED'])
const waits: Backoff = { initialMs: 1, maxMs: 100 }
/** The backend refused the batch for a reason that passes: a deadlock, a lock timeout, a serialization failure, a busy file. */
const busy = 'DATABASE_BUSY'
/** So often is a busy backend asked: one that is overloaded must not be asked until the deadline. */
const mostBusy = 8

/** Runs `body` with a unit and commits it, again with full jitter while others win, until the call's deadline. */
export async function runUnit<T>(call: Call, body: (unit: OpenUnit) => Promise<T>): Promise<T> {
  let busyAnswers = 0
  for (let attempt = 0; ; attempt++) {
    try {
      const unit = makeUnit()
      const result = await body(unit)
      await unit.commit(call)
      return result
    } catch (error) {
      const waitMs = backoffMs(waits, attempt + 1)
      if (!isPorticoError(error) || waitMs >= call.remainingMs()) throw error
      if (!conflicts.has(error.code) && (error.code !== busy || ++busyAnswers > mostBusy)) throw error
      await pause(waitMs)
      // A caller who gave up meets the refusal that made it wait.
      if (call.signal.aborted) throw error
    }
  }
}

/** In real time, also where a test's clock stands still: the others who write do so in real time. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

/** The call of a unit that its own code runs, outside any operation. */
export function unitCall({ timeoutMs = 30_000, signal }: UnitOptions): Call {
  const deadline = performance.now() + timeoutMs
  let combined: AbortSignal | undefined
  let traceId: string | undefined
  return {
    get signal() {
      return (combined ??= AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(timeoutMs)]))
    },
    get traceId() {
      return (traceId ??= randomUUID().replaceAll('-', ''))
    },
    remainingMs: () => Math.max(0, deadline - performance.now()),
    text: false,
    degrade: () => undefined,
  }
}
