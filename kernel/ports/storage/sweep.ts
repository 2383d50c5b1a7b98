import type { Call } from '../../call.ts'
import type { PortParts } from '../definition.ts'
import type { Row, StorageDriver } from './driver.ts'
import { unitCall } from './unit-of-work.ts'

const everyMs = 60_000
const rowsAtOnce = 500

/**
 * Removes expired rows in the background, 500 of a collection a minute, from collections where this process wrote one that
 * expires. They are invisible before; sweeping only gives their space back.
 */
export function startSweeping({ driver, clock, log, binding, onClose }: Pick<PortParts<StorageDriver, object>, 'driver' | 'clock' | 'log' | 'binding' | 'onClose'>): { expect(collection: string, row: Row): void } {
  const expecting = new Set<string>()
  let cancel: (() => void) | undefined
  let closed = false

  const sweep = async (call: Call): Promise<void> => {
    for (const collection of expecting) await driver.sweep(collection, rowsAtOnce, call)
  }
  const schedule = (): void => {
    if (closed) return
    cancel = clock.after(everyMs, () => {
      sweep(unitCall({ timeoutMs: everyMs }))
        .catch((err: unknown) => log.warn({ err, binding }, 'expired records could not be swept; they stay invisible'))
        .finally(schedule)
    })
  }
  onClose(() => {
    closed = true
    cancel?.()
  })

  return {
    expect(collection, row) {
      if (row.expiresAtMs === null) return
      expecting.add(collection)
      if (!cancel) schedule()
    },
  }
}
