import type { Collection, Index } from '../collections.ts'
import { keyName } from '../names.ts'
import type { FoundPlace, StructureChange, StructureRemoval } from './structure.ts'

/** What a collection lacks of what the manifest says, in the order in which it is made. */
export function changesOf(collection: Collection, found: FoundPlace | undefined): readonly Exclude<StructureChange, StructureRemoval>[] {
  if (!found) return [{ do: 'make-place', collection }]

  const declared = new Set(collection.indexes.map(keyName))
  // An index is made after its keys are filled, so its being there says that they are.
  const unfilled = collection.indexes.filter((index) => !found.indexes.includes(keyName(index)) || !found.keys.includes(keyName(index)))
  const roomless = unfilled.filter((index) => !found.keys.includes(keyName(index)))
  return [
    // With it gone, an index that is declared again one day is filled again.
    ...found.indexes.filter((key) => !declared.has(key)).map((key) => ({ do: 'drop-index' as const, collection, key })),
    ...(found.findsExpired ? [] : [{ do: 'make-expiry-index' as const, collection }]),
    ...some(roomless).map((indexes) => ({ do: 'add-keys' as const, collection, indexes })),
    ...some(unfilled).map((indexes) => ({ do: 'fill-keys' as const, collection, indexes })),
    ...unfilled.map((index) => ({ do: 'make-index' as const, collection, index })),
  ]
}

/** What a place has that the manifest no longer wants, and that does no harm where it is. */
export function removalsOf(collection: Collection, found: FoundPlace | undefined): readonly StructureRemoval[] {
  const declared = new Set(collection.indexes.map(keyName))
  const keys = found?.keys.filter((key) => !declared.has(key)) ?? []
  return keys.length > 0 ? [{ do: 'drop-keys', collection, keys }] : []
}

/** What is unique waits for the owner's steps: they may be what makes it so. */
export function waitsForSteps(change: StructureChange): boolean {
  return change.do === 'make-index' && change.index.unique
}

function some(indexes: readonly Index[]): readonly (readonly Index[])[] {
  return indexes.length > 0 ? [indexes] : []
}
