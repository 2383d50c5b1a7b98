import type { BoundOperations } from '../../binding/bound.ts'
import type { Unit } from '../../binding/unit.ts'
import type { JsonObject } from '../../json.ts'
import type { StorageOperations, UnitOptions } from './operations.ts'
import type { StorageTransfers } from './portable.ts'
import type { StorageMigrations } from './migrations/face.ts'
import type { Mapping, Repository } from './repository.ts'
import type { AnyDocuments, DocumentTypes, TypedCollection, TypedView } from './typed.ts'

type CollectionName<D extends DocumentTypes> = keyof D['collections'] & string
type ViewName<D extends DocumentTypes> = keyof D['views'] & string

/** What is known of a collection's values, else `V`. */
type ValueOf<D extends DocumentTypes, N extends CollectionName<D>, V> = string extends CollectionName<D> ? V : D['collections'][N]

/** What only a caller in the same process can be given. `D` are the documents that `portico types` told of. */
export interface StorageInProcess<D extends DocumentTypes = AnyDocuments> extends StorageTransfers, StorageMigrations {
  /**
   * Runs `callback` with a unit of work and commits it; answers what the callback answered. When a record that the unit read
   * or wrote was changed meanwhile, the callback runs again in a new unit, after a random wait, until the deadline. So
   * it must have no other effects than those it stages. Not covered: records that appear for a `find` it made (phantoms).
   * @throws STORAGE_CONTENDED when other writers won until the deadline.
   */
  unit<T>(callback: (unit: Unit) => Promise<T>, options?: UnitOptions): Promise<T>

  /** The operations on one collection, with the type of its values: what `portico types` told, or the type argument. */
  collection<N extends CollectionName<D>>(name: N): TypedCollection<D['collections'][N]>
  collection<T extends object>(name: CollectionName<D>): TypedCollection<T>

  /** As `collection`, of a view. */
  view<N extends ViewName<D>>(name: N): TypedView<D['views'][N]>
  view<T extends object>(name: ViewName<D>): TypedView<T>

  /**
   * A collection as aggregates, whose writes need a unit of work. Keep it: what it knows of aggregates is its own.
   * `V` is the type of the values where `portico types` told none; where it did, all types follow from the mapping.
   */
  repository<A extends object, V extends object = JsonObject, N extends CollectionName<D> = CollectionName<D>>(collection: N, mapping: Mapping<A, ValueOf<D, N, V>>): Repository<A, ValueOf<D, N, V>>
}

/** A binding of storage whose documents are known. */
export type StorageOf<D extends DocumentTypes = AnyDocuments> = BoundOperations<StorageOperations> & StorageInProcess<D>
