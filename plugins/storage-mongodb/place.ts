import type { MongoDocument } from '../../kernel/ports/mongodb/index.ts'
import { type Collection, type Index, keyName, type KeyedRow, placeName, type Row } from '../../kernel/ports/storage/index.ts'

/** Where one collection is kept. */
export interface Place {
  /** The name of MongoDB's collection. */
  readonly name: string
  readonly collection: Collection
  /** The field of each index's key, which is also the name of its index, in the order of the collection's indexes. */
  readonly keys: readonly KeyField[]
}

export interface KeyField {
  readonly field: string
  readonly index: Index
}

/** The index by which expired documents are found; those that never expire are not in it. */
export const expiryIndex = { name: 'expiresAt', field: 'expiresAt', unique: false } as const

export function placeOf(binding: string, collection: Collection): Place {
  return { name: placeName(binding, collection.name), collection, keys: collection.indexes.map((index) => ({ field: keyName(index), index })) }
}

/**
 * A key as text: hexadecimal, for MongoDB orders strings by their bytes, and binary values by their length first.
 */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex')
}

/** A row as MongoDB keeps it. What is null is left out, so that neither a unique index nor that of expiry holds it. */
export function toDocument({ keys }: Place, row: KeyedRow): MongoDocument {
  const document: Record<string, unknown> & { _id: string } = {
    _id: row.id, value: JSON.parse(row.text), version: row.version, createdAt: new Date(row.createdAtMs), updatedAt: new Date(row.updatedAtMs),
  }
  if (row.expiresAtMs !== null) document['expiresAt'] = new Date(row.expiresAtMs)
  for (const { field, index } of keys) {
    const key = row.keys[index.at]
    if (key) document[field] = keyText(key)
  }
  return document
}

/** What a document of this collection has besides its keys. */
interface KeptFields {
  readonly value: object
  readonly version: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly expiresAt?: Date
}

export function toRow(document: MongoDocument): Row {
  // Written by `toDocument`; the collection was found to be ours at the start.
  const { value, version, createdAt, updatedAt, expiresAt } = document as MongoDocument & KeptFields
  return { id: document._id, text: JSON.stringify(value), version, createdAtMs: createdAt.getTime(), updatedAtMs: updatedAt.getTime(), expiresAtMs: expiresAt?.getTime() ?? null }
}
