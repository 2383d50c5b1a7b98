import type { BoundOperations } from '../../binding/bound.ts'
import { kernelError } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import type { PortParts } from '../definition.ts'
import type { StorageInProcess } from './in-process.ts'
import type { StorageOperations } from './operations.ts'
import { makeRepository, type Mapping } from './repository.ts'
import type { TypedCollection, TypedView } from './typed.ts'

type OwnOperations = () => BoundOperations<StorageOperations>

/** What `collection`, `view` and `repository` answer. They ask for the binding's own operations at each call, so that whoever holds one follows a swap of the driver. */
export function typedFaces({ peer, binding }: Pick<PortParts<never, never>, 'peer' | 'binding'>): Pick<StorageInProcess, 'collection' | 'view' | 'repository'> {
  const own: OwnOperations = () => ownOperations({ peer, binding })
  // The type of the values is the caller's word.
  const typed = <T>(name: string) => typedCollection(own, name) as unknown as TypedCollection<T>
  return {
    collection: typed,
    view: <T>(name: string) => typedView(own, name) as unknown as TypedView<T>,
    repository: <A extends object, V extends object>(name: string, mapping: Mapping<A, V>) => makeRepository(name, typed<V>(name), mapping),
  }
}

/** The binding's own operations, bound. @throws BINDING_UNAVAILABLE before there are any */
export function ownOperations({ peer, binding }: Pick<PortParts<never, never>, 'peer' | 'binding'>): BoundOperations<StorageOperations> {
  const operations = peer(binding)
  if (!operations) throw kernelError('BINDING_UNAVAILABLE', { binding })
  // A binding of this port has this port's operations.
  return operations as unknown as BoundOperations<StorageOperations>
}

/** The operations on one collection. One that the manifest does not declare is told by the first call. */
function typedCollection(own: OwnOperations, collection: string): TypedCollection<JsonObject> {
  return {
    get: async (input, options) => own().get({ ...input, collection }, options),
    getMany: async (input, options) => own().getMany({ ...input, collection }, options),
    insert: async (input, options) => own().insert({ ...input, collection }, options),
    put: async (input, options) => own().put({ ...input, collection }, options),
    // What a patch of a document can hold, JSON can.
    patch: async (input, options) => own().patch({ ...input, patch: input.patch as JsonObject, collection }, options),
    delete: async (input, options) => own().delete({ ...input, collection }, options),
    find: async (query: object = {}, options?: object) => own().find({ ...query, collection }, options),
    count: async (query, options) => own().count({ ...query, collection }, options),
  }
}

function typedView(own: OwnOperations, view: string): TypedView<JsonObject> {
  return { find: async (query: object = {}, options?: object) => own().findView({ ...query, view }, options) }
}
