import { createHash } from 'node:crypto'
import type { Index } from './collections.ts'
import { writeOrderPath } from './path.ts'

/** PostgreSQL cuts longer names. */
const longestName = 63
/** Part of every key's name: another form of keys is another name, and filled anew. */
const keyForm = 1

/**
 * What a backend calls the place of one collection: `<binding>__<collection>`, a dot of the binding as `__` too. Where that is
 * too long, or could be read in two ways, a hash of both names ends it, after a `0` with which no name in a manifest begins.
 */
export function placeName(binding: string, collection: string): string {
  const parts = [...binding.split('.'), collection]
  const plain = parts.join('__')
  if (plain.length <= longestName && parts.every((part) => !part.includes('__') && !part.endsWith('_'))) return plain
  return `${plain.slice(0, 40)}__0${nameHash(binding, collection)}`
}

/** What a backend calls the key of one index, the same in every collection: it follows from the paths. */
export function keyName(index: Index): string {
  return `${index.unique ? 'u' : 'k'}_${nameHash(String(keyForm), ...index.paths.map(writeOrderPath))}`
}

/** True for a name of `keyName`, of an index that is declared or one that no longer is. */
export function isKeyName(name: string): boolean {
  return /^[ku]_[0-9a-f]{16}$/.test(name)
}

/** Sixteen hexadecimal digits, the same for the same parts. */
export function nameHash(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
