import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoIndex } from '../../kernel/ports/mongodb/index.ts'
import { type Collection, type Filled, type FoundPlace, isKeyName, keyName, type KeyFilling, notUnique, placeName, storageError, type StorageStructure, type StructureChange } from '../../kernel/ports/storage/index.ts'
import { fillBatch } from './fill.ts'
import { expiryIndex, type KeyField, type Place, placeOf } from './place.ts'

const neededFields = ['value', 'version', 'createdAt', 'updatedAt'] as const
/** So many ids of documents that are alike are told. */
const toldIds = 5

/** The collections and indexes of one binding. A document needs no room made for a key. */
export class MongoStructure implements StorageStructure {
  readonly #connection: MongoConnection
  readonly #binding: string
  readonly #unmade = new Set<string>()

  constructor(connection: MongoConnection, binding: string) {
    this.#connection = connection
    this.#binding = binding
  }

  /** Whether the key's index is there to be used: one that waits for the owner's steps is not. */
  hasIndex(place: Place, { field }: KeyField): boolean {
    return !this.#unmade.has(`${place.name} ${field}`)
  }

  async look(collection: Collection, call: Call): Promise<FoundPlace | undefined> {
    const place = this.#placeOf(collection)
    const indexes = await this.#connection.indexes(place.name, call)
    if (!indexes) return undefined
    const missing = place.keys.filter(({ field }) => !indexes.includes(field))
    // A usual start finds its indexes, and need not look into a document.
    if (missing.length > 0 || !indexes.includes(expiryIndex.name)) await this.#refuseForeign(place, call)
    for (const { field } of missing) this.#unmade.add(`${place.name} ${field}`)
    return { keys: place.keys.map(({ field }) => field), indexes: indexes.filter(isKeyName), findsExpired: indexes.includes(expiryIndex.name) }
  }

  async count(name: string, call: Call): Promise<number | undefined> {
    const place = placeName(this.#binding, name)
    return await this.#connection.indexes(place, call) ? this.#connection.count(place, {}, undefined, call) : undefined
  }

  statements(change: StructureChange): readonly string[] {
    switch (change.do) {
      case 'make-place': return [this.#create(change.collection, expiryIndex), ...this.#placeOf(change.collection).keys.map((key) => this.#create(change.collection, indexOf(key)))]
      case 'make-expiry-index': return [this.#create(change.collection, expiryIndex)]
      case 'make-index': return [this.#create(change.collection, indexOf(this.#keyOf(change.collection, keyName(change.index))))]
      case 'fill-keys': return [`-- for each document that lacks its keys: ${this.#shell(change.collection.name)}.updateOne({ _id, version }, { $set: { ${change.indexes.map(keyName).join(', ')} } })`]
      case 'drop-index': return [`${this.#shell(change.collection.name)}.dropIndex(${JSON.stringify(change.key)})`]
      case 'drop-place': return [`${this.#shell(change.name)}.drop()`]
      case 'add-keys': case 'drop-keys': return []
    }
  }

  async apply(change: Exclude<StructureChange, KeyFilling>, call: Call): Promise<void> {
    switch (change.do) {
      case 'make-place': {
        await this.#make(change.collection, expiryIndex, call)
        for (const key of this.#placeOf(change.collection).keys) await this.#makeIndex(change.collection, key, call)
        return
      }
      case 'make-expiry-index': {
        await this.#make(change.collection, expiryIndex, call)
        return
      }
      case 'make-index': return this.#makeIndex(change.collection, this.#keyOf(change.collection, keyName(change.index)), call)
      case 'drop-index': return this.#connection.dropIndex(this.#placeOf(change.collection).name, change.key, call)
      case 'drop-place': return this.#connection.drop(placeName(this.#binding, change.name), call)
      case 'add-keys': case 'drop-keys': return
    }
  }

  fill({ collection, indexes }: KeyFilling, after: string | undefined, call: Call): Promise<Filled> {
    const place = this.#placeOf(collection)
    const keys = indexes.map((index) => this.#keyOf(collection, keyName(index)))
    return fillBatch(this.#connection, place, keys, after, call)
  }

  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    return this.#connection.lock(name, call, body)
  }

  #placeOf(collection: Collection): Place {
    return placeOf(this.#binding, collection)
  }

  #keyOf(collection: Collection, key: string): KeyField {
    const found = this.#placeOf(collection).keys.find(({ field }) => field === key)
    if (!found) throw new RangeError(`${collection.name} has no key ${key}`)
    return found
  }

  #shell(name: string): string {
    return `db.getCollection(${JSON.stringify(placeName(this.#binding, name))})`
  }

  #create(collection: Collection, { name, field, unique }: MongoIndex): string {
    return `${this.#shell(collection.name)}.createIndex({ ${field}: 1 }, { name: ${JSON.stringify(name)}, sparse: true, unique: ${unique} })`
  }

  #make(collection: Collection, index: MongoIndex, call: Call): ReturnType<MongoConnection['createIndex']> {
    return this.#connection.createIndex(this.#placeOf(collection).name, index, call)
  }

  async #makeIndex(collection: Collection, key: KeyField, call: Call): Promise<void> {
    const { name } = this.#placeOf(collection)
    const clash = await this.#make(collection, indexOf(key), call)
    if (!clash) {
      this.#unmade.delete(`${name} ${key.field}`)
      return
    }
    const alike = clash.value === undefined ? [] : await this.#connection.find(name, { [key.field]: clash.value }, { limit: toldIds, only: ['_id'] }, call)
    throw notUnique(collection, key.index, alike.map(({ _id }) => _id).sort())
  }

  /** One document is looked at: every one of ours has these fields. */
  async #refuseForeign(place: Place, call: Call): Promise<void> {
    const [first] = await this.#connection.find(place.name, {}, { limit: 1 }, call)
    const lacking = first ? neededFields.filter((field) => !(field in first)) : []
    if (lacking.length > 0) throw storageError('STORAGE_TABLE_FOREIGN', { table: place.name, missing: lacking.join(', ') })
  }
}

function indexOf({ field, index }: KeyField): MongoIndex {
  return { name: field, field, unique: index.unique }
}
