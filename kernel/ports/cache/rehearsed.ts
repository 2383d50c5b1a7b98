import type { Call } from '../../call.ts'
import type { CacheDriver, Soon } from './driver.ts'

/** The driver with a fault before each of its calls; copies in the process and messages are as they were. */
export function rehearsed(driver: CacheDriver, fault: (call: Call) => Promise<void>): CacheDriver {
  const { signals, keepsValues, copies } = driver
  const struck = <A>(call: Call, ask: () => Soon<A>): Promise<A> => fault(call).then(ask)
  return {
    ...(signals && { signals }), ...(keepsValues !== undefined && { keepsValues }), ...(copies && { copies }),
    read: (keys, call) => struck(call, () => driver.read(keys, call)),
    write: (entry, call) => struck(call, () => driver.write(entry, call)),
    delete: (key, call) => struck(call, () => driver.delete(key, call)),
    invalidate: (selection, call) => struck(call, () => driver.invalidate(selection, call)),
    beginFill: (want, call) => struck(call, () => driver.beginFill(want, call)),
    endFill: (key, fill, call) => struck(call, () => driver.endFill(key, fill, call)),
  }
}
