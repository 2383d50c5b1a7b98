import type { PorticoError } from '../../../errors.ts'
import type { Collection, Index } from '../collections.ts'
import { storageError } from '../errors.ts'
import { writeOrderPath } from '../path.ts'

/** Of a unique index, that these records, as far as they are known, have the same values. */
export function notUnique(collection: Collection, index: Index, ids: readonly string[], cause?: unknown): PorticoError {
  const records = ids.length > 0 ? ids.map((id) => `${collection.name}/${id}`).join(', ') : `records of ${collection.name}`
  return storageError('STORAGE_INDEX_NOT_FILLED', { records, paths: pathsOf([index]), reason: 'have the same values; make them differ, by hand or by a step of `migrations`, then try again' }, { cause })
}

/** Of new indexes, that one of them cannot hold a record. */
export function notIndexable(collection: Collection, indexes: readonly Index[], id: string, cause: PorticoError): PorticoError {
  return storageError('STORAGE_INDEX_NOT_FILLED', { records: `${collection.name}/${id}`, paths: pathsOf(indexes), reason: `cannot be indexed: ${cause.message}` }, { cause })
}

function pathsOf(indexes: readonly Index[]): string {
  return indexes.map(({ paths }) => paths.map(writeOrderPath).join(', ')).join('], [')
}
