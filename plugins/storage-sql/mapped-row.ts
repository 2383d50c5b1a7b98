import { badId } from '../../kernel/ports/storage/index.ts'
import { Unreadable, wholeNumber } from './mapped-codec.ts'
import type { Layout } from './mapped-layout.ts'

/** Years of four digits: what a record can show. */
const firstMs = -62_135_596_800_000
const lastMs = 253_402_300_799_999

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
export function timeOf(column: string | undefined, raw: unknown): number {
  if (column === undefined || raw === null || raw === undefined) return 0
  const ms = Number(wholeNumber(raw) ?? Number.NaN)
  if (!(ms >= firstMs && ms <= lastMs)) throw new Unreadable(`${column} holds no time in milliseconds`)
  return ms
}
