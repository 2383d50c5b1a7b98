import type { Index } from '../collections.ts'
import { writeOrderPath } from '../path.ts'
import { waitsForSteps } from './compare.ts'
import type { StructureChange } from './structure.ts'

/** A change in words. */
export interface DescribedChange {
  readonly what: string
  readonly collection: string
  /** Of the indexes that it is about. */
  readonly paths?: string
  /** It comes after the owner's steps. */
  readonly afterSteps?: true
}

export function describeChange(change: StructureChange): DescribedChange {
  switch (change.do) {
    case 'make-place': return { what: 'make the collection', collection: change.collection.name, ...(change.collection.indexes.length > 0 && { paths: pathsOf(change.collection.indexes) }) }
    case 'make-expiry-index': return { what: 'make the index of expiry of', collection: change.collection.name }
    case 'add-keys': return { what: 'add keys to', collection: change.collection.name, paths: pathsOf(change.indexes) }
    case 'fill-keys': return { what: 'fill keys of', collection: change.collection.name, paths: pathsOf(change.indexes) }
    case 'make-index': return { what: `make the ${change.index.unique ? 'unique ' : ''}index of`, collection: change.collection.name, paths: pathsOf([change.index]), ...(waitsForSteps(change) && { afterSteps: true }) }
    case 'drop-index': return { what: 'drop an index that the manifest no longer has from', collection: change.collection.name, paths: change.key }
    case 'drop-keys': return { what: 'drop the keys of indexes that are gone from', collection: change.collection.name, paths: change.keys.join(', ') }
    case 'drop-place': return { what: 'drop the collection', collection: change.name }
  }
}

/** `[status, -$createdAt], [number]` */
function pathsOf(indexes: readonly Index[]): string {
  return indexes.map(({ paths }) => `[${paths.map(writeOrderPath).join(', ')}]`).join(', ')
}
