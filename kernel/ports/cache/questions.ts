import type { Call } from '../../call.ts'
import type { CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheWrite, Soon } from './driver.ts'

/** What the driver is asked, and what is answered when it cannot be; one object for all calls, since every hit asks. */
export interface Question<I, T> {
  send(driver: CacheDriver, input: I, call: Call): Soon<T>
  otherwise(input: I, call: Call): Soon<T>
  /** Whether what is asked for may be why the answer is late, and not the backend. */
  isMuch?(input: I): boolean
}

export type Rows = readonly (CacheRow | undefined)[]

const none: Rows = []
const noRows = () => none

/** While the driver cannot be read, the copies that are at hand are. */
export function readingOf({ copies }: CacheDriver): Question<readonly string[], Rows> {
  return {
    send: (driver, keys, call) => driver.read(keys, call),
    isMuch: (keys) => keys.length > 1,
    otherwise(keys, call) {
      const rows = copies?.read(keys, call) ?? none
      return rows instanceof Promise ? rows.catch(noRows) : rows
    },
  }
}

export const writing: Question<CacheWrite, boolean> = { send: (driver, entry, call) => driver.write(entry, call), otherwise: () => false }

export const deleting: Question<string, void> = { send: (driver, key, call) => driver.delete(key, call), otherwise: () => undefined }

export const invalidating: Question<CacheSelection, void> = { send: (driver, selection, call) => driver.invalidate(selection, call), otherwise: () => undefined }

/** `down` when the backend is, and nothing can be cached then. */
export const beginningFill: Question<CacheFillWant, CacheFill | undefined | 'down'> = { send: (driver, want, call) => driver.beginFill(want, call), otherwise: () => 'down' }

export const endingFill: Question<{ readonly key: string; readonly fill: CacheFill }, void> = { send: (driver, { key, fill }, call) => driver.endFill(key, fill, call), otherwise: () => undefined }
