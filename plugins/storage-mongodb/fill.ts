import type { Call } from '../../kernel/plugin.ts'
import { isPorticoError } from '../../kernel/plugin.ts'
import type { MongoChange, MongoConnection, MongoDocument } from '../../kernel/ports/mongodb/index.ts'
import { type Filled, keysOf, notIndexable, toCandidate } from '../../kernel/ports/storage/index.ts'
import { type KeyField, keyText, type Place, toRow } from './place.ts'

const batchRows = 200

/** Writes the keys of the documents after the id where they have others than their record, each only while the document is as it was read. */
export async function fillBatch(connection: MongoConnection, place: Place, keys: readonly KeyField[], after: string | undefined, call: Call): Promise<Filled> {
  // An expired document is not there: it must not break what is unique.
  if (after === undefined) await connection.remove(place.name, { expiresAt: { $lte: new Date(await connection.now(call)) } }, call)
  const documents = await connection.find(place.name, { _id: { $gt: after ?? '' } }, { sort: { _id: 1 }, limit: batchRows, index: '_id_' }, call)
  const changes = documents.flatMap((document) => changeOf(place, keys, document))
  await connection.change(place.name, changes, call)
  const last = documents.length < batchRows ? undefined : documents.at(-1)
  return { examined: documents.length, written: changes.length, ...(last && { last: last._id }) }
}

function changeOf(place: Place, keys: readonly KeyField[], document: MongoDocument): readonly MongoChange[] {
  const values = keysOfDocument(place, keys, document)
  const set = Object.fromEntries(keys.flatMap(({ field, index }) => {
    const key = values[index.at]
    // A record that lacks the paths of what is unique has no key.
    return key && document[field] !== keyText(key) ? [[field, keyText(key)]] : []
  }))
  return Object.keys(set).length > 0 ? [{ filter: { _id: document._id, version: document['version'] }, set }] : []
}

function keysOfDocument({ collection }: Place, keys: readonly KeyField[], document: MongoDocument): readonly (Uint8Array | null)[] {
  try {
    return keysOf(collection, toCandidate(toRow(document)))
  } catch (error) {
    if (!isPorticoError(error)) throw error
    throw notIndexable(collection, keys.map(({ index }) => index), document._id, error)
  }
}
