import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoFilter, MongoStep, MongoTarget } from '../../kernel/ports/mongodb/index.ts'
import type { Collection, Entry, Range, Row, StorageDriver } from '../../kernel/ports/storage/index.ts'
import { expiryIndex, keyText, type Place, placeOf, toDocument, toRow } from './place.ts'
import { MongoStructure } from './structure.ts'

const idIndex = '_id_'
const rowFields = ['value', 'version', 'createdAt', 'updatedAt', 'expiresAt'] as const

/** Storage over MongoDB: one collection a collection, one field an index. */
export class MongoStorage implements StorageDriver<MongoStep> {
  readonly commits: MongoConnection
  readonly lacks: readonly string[]
  readonly structure: MongoStructure
  readonly #places: ReadonlyMap<string, Place>

  constructor(connection: MongoConnection, binding: string, collections: readonly Collection[]) {
    this.commits = connection
    this.lacks = connection.hasTransactions ? [] : ['units']
    this.structure = new MongoStructure(connection, binding)
    this.#places = new Map(collections.map((collection) => [collection.name, placeOf(binding, collection)]))
  }

  async read(collection: string, ids: readonly string[], call: Call): Promise<readonly (Row | undefined)[]> {
    const { name } = this.#at(collection)
    const [only] = ids
    if (only !== undefined && ids.length === 1) {
      const document = await this.commits.get(name, only, call)
      return [document && this.#live(toRow(document), await this.now(call))]
    }

    const documents = await this.commits.find(name, { _id: { $in: ids } }, { index: idIndex, only: rowFields }, call)
    const nowMs = await this.now(call)
    const found = new Map(documents.map((document) => [document._id, this.#live(toRow(document), nowMs)]))
    return ids.map((id) => found.get(id))
  }

  async scan(collection: string, range: Range, limit: number, call: Call): Promise<readonly Row[]> {
    const place = this.#at(collection)
    const { field, index } = this.#fieldOf(place, range)
    const filter = within(range, field, await this.now(call))
    const documents = await this.commits.find(place.name, filter, { sort: { [field]: range.reverse ? -1 : 1 }, limit, ...(index !== undefined && { index }), only: rowFields }, call)
    return documents.map(toRow)
  }

  async count(collection: string, range: Range, call: Call): Promise<number> {
    const place = this.#at(collection)
    const { field, index } = this.#fieldOf(place, range)
    return this.commits.count(place.name, within(range, field, await this.now(call)), index, call)
  }

  steps(entries: readonly Entry[]): readonly (readonly MongoStep[])[] {
    return entries.map((entry) => [this.#step(entry)])
  }

  async sweep(collection: string, limit: number, call: Call): Promise<number> {
    const { name } = this.#at(collection)
    const expired = { expiresAt: { $lte: new Date(await this.now(call)) } }
    const documents = await this.commits.find(name, expired, { sort: { expiresAt: 1 }, limit, index: expiryIndex.name, only: ['_id'] }, call)
    if (documents.length === 0) return 0
    return this.commits.remove(name, { _id: { $in: documents.map(({ _id }) => _id) }, ...expired }, call)
  }

  now(call: Call): Promise<number> {
    return this.commits.now(call)
  }

  /** Looked at here, so that a read by id is one by id alone. */
  #live(row: Row, nowMs: number): Row | undefined {
    return row.expiresAtMs === null || row.expiresAtMs > nowMs ? row : undefined
  }

  #at(collection: string): Place {
    const place = this.#places.get(collection)
    if (!place) throw new RangeError(`no place for the collection ${collection}`)
    return place
  }

  /** The field that a range is of, and the index to use: none for one that is still to be made, when a step of the owner asks. */
  #fieldOf(place: Place, { by }: Range): { readonly field: string; readonly index: string | undefined } {
    if (by === 'id') return { field: '_id', index: idIndex }
    const key = place.keys[by]
    if (!key) throw new RangeError(`${place.name} has no index ${by}`)
    return { field: key.field, index: this.structure.hasIndex(place, key) ? key.field : undefined }
  }

  #step({ collection, id, when, write }: Entry): MongoStep {
    const place = this.#at(collection)
    if (when === 'absent') return write ? { do: 'insert', collection: place.name, document: toDocument(place, write) } : { do: 'demandNone', collection: place.name, id }

    const target: MongoTarget = { collection: place.name, unexpired: expiryIndex.field, filter: when === 'present' ? { _id: id } : { _id: id, version: when.version } }
    if (write === undefined) return { do: 'demand', ...target }
    return write === null ? { do: 'delete', ...target } : { do: 'replace', ...target, document: toDocument(place, write) }
  }
}

/** The live documents of a range. Any string is `$gte` the empty one, and what is no string, such as a missing key, is not. */
function within({ lower, upper }: Range, field: string, nowMs: number): MongoFilter {
  const textOf = (value: string | Uint8Array) => (typeof value === 'string' ? value : keyText(value))
  return {
    [field]: {
      [lower?.open ? '$gt' : '$gte']: lower ? textOf(lower.value) : '',
      ...(upper && { [upper.open ? '$lt' : '$lte']: textOf(upper.value) }),
    },
    // A document that never expires has no such field, and so is not at most any time.
    expiresAt: { $not: { $lte: new Date(nowMs) } },
  }
}
