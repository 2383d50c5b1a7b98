import type { Unit } from '../../binding/unit.ts'
import type { JsonObject } from '../../json.ts'
import { storageError } from './errors.ts'
import type { AtVersion, StoredRecord } from './operations.ts'
import type { QueryOf, RecordOf, TypedCollection, TypedOptions } from './typed.ts'

/** How an aggregate is kept as a document. */
export interface Mapping<A extends object, V> {
  toValue(aggregate: A): V
  /** `record` is what stands beside the value: its id, version and times. */
  fromValue(value: V, record: Omit<StoredRecord, 'value'>): A
}

/** A write of a repository is staged in a unit of work. `ttlMs`: as in `put`, without it the record no longer expires. */
export interface InUnit extends TypedOptions {
  readonly unit: Unit
  readonly ttlMs?: number
}

/** For an aggregate that came another way than through the repository: which record it is, and the version it was made from. */
export type Versioned = InUnit & Partial<Required<Pick<AtVersion, 'id' | 'ifVersion'>>>

/**
 * A collection as aggregates. It remembers, for as long as the application holds an aggregate, which record and version
 * it was made from; `save` and `remove` demand that the record is at that version still, so that none is overwritten unseen.
 * @throws STORAGE_UNIT_REQUIRED from each write without a unit.
 * @throws STORAGE_AGGREGATE_UNKNOWN from `save` and `remove` of an aggregate that was neither read nor added here, unless
 *   `id` and `ifVersion` say what it is.
 * @throws STORAGE_VERSION_CONFLICT when the record is at another version, or gone. One that changes between this and the
 *   commit is STORAGE_CONTENDED, and `storage.unit` runs its callback again.
 */
export interface Repository<A extends object, V = JsonObject> {
  /** @throws STORAGE_NOT_FOUND */
  get(id: string, options?: TypedOptions): Promise<A>
  find(query?: QueryOf<V>, options?: TypedOptions): Promise<{ readonly items: readonly A[]; readonly next: string | null }>
  /** Answers the id; a UUIDv7 is made when none is given. */
  add(aggregate: A, options: InUnit & { readonly id?: string }): Promise<string>
  save(aggregate: A, options: Versioned): Promise<void>
  remove(aggregate: A, options: Omit<Versioned, 'ttlMs'>): Promise<void>
  /** Which record an aggregate was made from, and its version there; undefined for an unknown one. For an ETag, say. */
  origin(aggregate: A): { readonly id: string; readonly version: string } | undefined
}

interface Known {
  readonly id: string
  /** What is stored, as far as this repository knows; undefined while it is only added. */
  readonly version?: string | undefined
  /** What a unit staged, `null` for a removal: it counts in that unit, and for all once the unit is committed. */
  readonly staged?: { readonly unit: Unit; readonly version: string | null } | undefined
}

export function makeRepository<A extends object, V extends object>(collection: string, records: TypedCollection<V>, { toValue, fromValue }: Mapping<A, V>): Repository<A, V> {
  const known = new WeakMap<A, Known>()

  const made = ({ value, ...record }: RecordOf<V>): A => {
    const aggregate = fromValue(value, record)
    known.set(aggregate, { id: record.id, version: record.version })
    return aggregate
  }
  const settled = (aggregate: A): Known | undefined => {
    const found = known.get(aggregate)
    if (!found?.staged?.unit.committed) return found
    const { id, staged } = found
    const now = staged.version === null ? undefined : { id, version: staged.version }
    if (now) known.set(aggregate, now)
    else known.delete(aggregate)
    return now
  }
  /** The record that a write is about, which the unit sees at the version that the aggregate was made from. */
  const expected = async (operation: string, aggregate: A, given: Omit<Versioned, 'ttlMs'>): Promise<Known> => {
    const { id: ownId, ifVersion, ...options } = given
    const found = settled(aggregate)
    const staged = found?.staged?.unit === given.unit ? found.staged : undefined
    const id = ownId ?? found?.id
    const version = ifVersion ?? (id !== found?.id ? undefined : staged ? staged.version : found?.version)
    if (id === undefined || version === undefined) throw storageError('STORAGE_AGGREGATE_UNKNOWN', { collection, operation })

    const { items: [current] } = await records.getMany({ ids: [id] }, options)
    if (current?.version !== version) throw storageError('STORAGE_VERSION_CONFLICT', { collection, id })
    return { id, version: staged ? found?.version : version }
  }
  const demandUnit = (operation: string, options: Partial<InUnit> | undefined): void => {
    if (!options?.unit) throw storageError('STORAGE_UNIT_REQUIRED', { collection, operation })
  }

  return {
    get: async (id, options) => made(await records.get({ id }, options)),

    async find(query = {}, options) {
      const { items, next } = await records.find(query, options)
      return { items: items.map(made), next }
    },

    async add(aggregate, given) {
      demandUnit('add', given)
      const { id, ttlMs, ...options } = given
      const record = await records.insert({ value: toValue(aggregate), ...(id !== undefined && { id }), ...(ttlMs !== undefined && { ttlMs }) }, options)
      known.set(aggregate, { id: record.id, staged: { unit: options.unit, version: record.version } })
      return record.id
    },

    async save(aggregate, given) {
      demandUnit('save', given)
      const { ttlMs, id: _id, ifVersion: _version, ...options } = given
      const { id, version } = await expected('save', aggregate, given)
      // Without `ifVersion`: the unit saw the version, so that a later change makes it run again.
      const record = await records.put({ id, value: toValue(aggregate), ...(ttlMs !== undefined && { ttlMs }) }, options)
      known.set(aggregate, { id, version, staged: { unit: options.unit, version: record.version } })
    },

    async remove(aggregate, given) {
      demandUnit('remove', given)
      const { id: _id, ifVersion: _version, ...options } = given
      const { id, version } = await expected('remove', aggregate, given)
      await records.delete({ id }, options)
      known.set(aggregate, { id, version, staged: { unit: options.unit, version: null } })
    },

    origin(aggregate) {
      const found = settled(aggregate)
      return found?.version === undefined ? undefined : { id: found.id, version: found.version }
    },
  }
}
