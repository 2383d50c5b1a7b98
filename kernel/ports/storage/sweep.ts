import type { PortParts } from '../definition.ts'
import type { StorageDriver } from './driver.ts'
import { unitCall } from './unit-of-work.ts'

/** Each collection has its turn once a minute, and no two are looked at within a second. */
const roundMs = 60_000
const shortestMs = 1_000
const rowsAtOnce = 500

/**
 * Removes expired rows in the background, whichever process wrote them: at most 500 a second of one collection after the
 * other, sooner again while there is more than that. They are invisible before; sweeping only gives their space back.
 */
export function startSweeping(
  { driver, clock, log, binding, onClose }: Pick<PortParts<StorageDriver, object>, 'driver' | 'clock' | 'log' | 'binding' | 'onClose'>, collections: readonly string[],
): void {
  const full = new Set<string>()
  let running: Promise<void> | undefined
  let cancel: (() => void) | undefined
  let closed = false

  const sweep = async (collection: string): Promise<void> => {
    try {
      const removed = await driver.sweep(collection, rowsAtOnce, unitCall({ timeoutMs: roundMs }))
      if (removed < rowsAtOnce) full.delete(collection)
      else full.add(collection)
    } catch (err) {
      log.warn({ err, binding, collection }, 'expired records could not be swept; they stay invisible')
    }
  }
  const schedule = (turn: number): void => {
    const collection = collections[turn % collections.length]
    if (closed || collection === undefined) return
    const delayMs = full.size > 0 ? shortestMs : Math.max(shortestMs, roundMs / collections.length)
    cancel = clock.after(delayMs, () => {
      running = sweep(collection).finally(() => schedule(turn + 1))
    })
  }

  schedule(0)
  onClose(async () => {
    closed = true
    cancel?.()
    await running
  })
}
