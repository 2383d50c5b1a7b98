import { badId } from '../../kernel/ports/storage/index.ts'
import { Unreadable, wholeNumber } from './mapped-codec.ts'
import type { LaidTime, Layout } from './mapped-layout.ts'

/** What cannot be read is told with the name of its column. @throws Unreadable */
export function named<T>(column: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof Unreadable ? new Unreadable(`${column} ${error.message}`) : error
  }
}

/** @throws Unreadable for what no record can have as its id. */
export function idOf({ id, mapping }: Layout, raw: unknown): string {
  const found = named(mapping.id, () => id.read(raw)) as string
  const bad = badId(found)
  if (bad !== undefined) throw new Unreadable(`${mapping.id} ${bad}`)
  return found
}

/** @throws Unreadable for what no header can carry. */
export function versionOf({ version, mapping }: Layout, raw: unknown): string {
  const isGood = version.is === 'integer' ? wholeNumber(raw) !== undefined : typeof raw === 'string' && /^[!#-~]{1,255}$/.test(raw)
  if (!isGood) throw new Unreadable(`${mapping.version.column} holds no ${version.is === 'integer' ? 'whole number' : 'version: 1 to 255 characters of ASCII, without spaces and quotes'}`)
  return raw as string
}

/** Milliseconds; 1970 where it is not known. @throws Unreadable */
export function timeIn(time: LaidTime | undefined, raw: unknown): number {
  return time === undefined || raw === null || raw === undefined ? 0 : named(time.column, () => time.form.read(raw))
}
