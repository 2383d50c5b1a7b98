import type { Call, Log } from '../../kernel/plugin.ts'
import { isPorticoError } from '../../kernel/plugin.ts'
import type { MongoChange, MongoConnection, MongoDocument } from '../../kernel/ports/mongodb/index.ts'
import { isKeyName, keysOf, storageError, toCandidate, writeOrderPath } from '../../kernel/ports/storage/index.ts'
import { expiryIndex, type KeyField, keyText, type Place, toRow } from './place.ts'

interface PrepareParts {
  readonly connection: MongoConnection
  readonly places: readonly Place[]
  readonly log: Log
  readonly signal: AbortSignal
}

const batchRows = 200
const neededFields = ['value', 'version', 'createdAt', 'updatedAt'] as const

/**
 * Makes what is missing of the collections, and fills the keys of indexes that are new; where nothing is, it only looks.
 * @throws STORAGE_TABLE_FOREIGN for another program's collection of that name.
 */
export async function preparePlaces({ connection, places, log, signal }: PrepareParts): Promise<void> {
  const call: Call = { signal, remainingMs: () => 600_000, traceId: 'storage-collections', text: false, degrade: () => undefined }
  for (const place of places) {
    if (isWhole(place, await connection.indexes(place.name, call))) continue
    // Two replicas that start at once must not both fill it.
    await connection.lock(place.name, call, () => complete(connection, place, log, call))
  }
}

function isWhole(place: Place, found: readonly string[] | undefined): boolean {
  return found !== undefined && found.includes(expiryIndex.name) && missing(place, found).length === 0 && abandoned(place, found).length === 0
}

/** An index is made after its keys are filled, so its being there says that they are. */
function missing({ keys }: Place, found: readonly string[]): readonly KeyField[] {
  return keys.filter(({ field }) => !found.includes(field))
}

/** Indexes that the manifest no longer has: nobody writes their keys any more. */
function abandoned({ keys }: Place, found: readonly string[]): readonly string[] {
  const declared = new Set(keys.map(({ field }) => field))
  return found.filter((name) => isKeyName(name) && !declared.has(name))
}

async function complete(connection: MongoConnection, place: Place, log: Log, call: Call): Promise<void> {
  const found = await connection.indexes(place.name, call)
  if (found) await refuseForeign(connection, place, call)

  for (const name of abandoned(place, found ?? [])) await connection.dropIndex(place.name, name, call)
  await connection.createIndex(place.name, expiryIndex, call)

  const keys = missing(place, found ?? [])
  if (keys.length > 0) await fill(connection, place, keys, log, call)
}

/** One document is looked at: every one of ours has these fields. */
async function refuseForeign(connection: MongoConnection, place: Place, call: Call): Promise<void> {
  const [first] = await connection.find(place.name, {}, { limit: 1 }, call)
  const lacking = first ? neededFields.filter((field) => !(field in first)) : []
  if (lacking.length > 0) throw storageError('STORAGE_TABLE_FOREIGN', { table: place.name, missing: lacking.join(', ') })
}

async function fill(connection: MongoConnection, place: Place, keys: readonly KeyField[], log: Log, call: Call): Promise<void> {
  // An expired document is not there: it must not break what is unique.
  await connection.remove(place.name, { expiresAt: { $lte: new Date(await connection.now(call)) } }, call)
  const rows = await fillKeys(connection, place, keys, call)
  for (const key of keys) {
    if (await connection.createIndex(place.name, { name: key.field, field: key.field, unique: key.index.unique }, call)) continue
    throw storageError('STORAGE_INDEX_NOT_FILLED', { collection: place.collection.name, id: '', paths: pathsOf(key), reason: 'holds the same values twice; make them differ, then start again' })
  }
  if (rows > 0) log.info({ collection: place.collection.name, indexes: keys.map(pathsOf), rows }, 'indexes filled')
}

/**
 * Writes the keys of every document that lacks them, in batches by id, each only while the document is as it was read. A
 * key that is there is right: whoever writes a document writes it whole.
 */
async function fillKeys(connection: MongoConnection, place: Place, keys: readonly KeyField[], call: Call): Promise<number> {
  const lacking = { $or: keys.map(({ field }) => ({ [field]: { $exists: false } })) }
  let filled = 0
  for (let last = ''; ; ) {
    const documents = await connection.find(place.name, { _id: { $gt: last }, ...lacking }, { sort: { _id: 1 }, limit: batchRows, index: '_id_' }, call)
    await connection.change(place.name, documents.flatMap((document) => changeOf(place, keys, document)), call)
    filled += documents.length
    const end = documents.at(-1)
    if (!end || documents.length < batchRows) return filled
    last = end._id
  }
}

function changeOf(place: Place, keys: readonly KeyField[], document: MongoDocument): readonly MongoChange[] {
  const values = keysOfDocument(place, keys, document)
  const set = Object.fromEntries(keys.flatMap(({ field, index }) => {
    const key = values[index.at]
    return key ? [[field, keyText(key)]] : []
  }))
  // A record that lacks the paths of what is unique has no key.
  return Object.keys(set).length > 0 ? [{ filter: { _id: document._id, version: document['version'] }, set }] : []
}

function keysOfDocument({ collection }: Place, keys: readonly KeyField[], document: MongoDocument): readonly (Uint8Array | null)[] {
  try {
    return keysOf(collection, toCandidate(toRow(document)))
  } catch (error) {
    if (!isPorticoError(error)) throw error
    throw storageError('STORAGE_INDEX_NOT_FILLED', { collection: collection.name, id: document._id, paths: keys.map(pathsOf).join('], ['), reason: `cannot be indexed: ${error.message}` }, { cause: error })
  }
}

function pathsOf({ index }: KeyField): string {
  return index.paths.map(writeOrderPath).join(', ')
}
