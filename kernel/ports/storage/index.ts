import { definePort } from '../definition.ts'
import { faultsOfCache, usesOfCache } from './cache-keys.ts'
import { demandsOf, storageKeysSchema, type StorageKeys } from './collections.ts'
import type { StorageDriver } from './driver.ts'
import { storageErrors } from './errors.ts'
import { storageCapabilities, type StorageCapability, storageOperations } from './http.ts'
import { faultsOfMappings } from './mapping.ts'
import { implementStorage, prepareStorage } from './meaning.ts'
import { faultsOfViews } from './views.ts'
import type { StorageInProcess, StorageOf } from './in-process.ts'
import type { StorageOperations } from './operations.ts'

export type * from './driver.ts'
export type * from './in-process.ts'
export type * from './operations.ts'
export type * from './portable.ts'
export type { InUnit, Mapping, Repository, Versioned } from './repository.ts'
export type * from './typed.ts'
export type { StorageCapability } from './http.ts'
export { type Collection, collectionsOf, everyCollection, type Index, type StorageKeys } from './collections.ts'
export { badId } from './check-document.ts'
export { storageError, storageErrors } from './errors.ts'
export { keysOf } from './keys.ts'
export { defineMigration } from './migrations/index.ts'
export { notIndexable, notUnique } from './migrations/refusals.ts'
export type { DataStep, FoundPlace, Filled, KeyFilling, MigratedStorage, MigrateOptions, MigrationPlan, MigrationProgress, MigrationReport, MigrationStep, PlannedChange, PlannedRemoval, PlannedStep, StepMark, StepParts, StepState, StorageMigrations, StorageStructure, StructureChange, StructureRemoval, UnitStep } from './migrations/index.ts'
export { isKeyName, keyName, nameHash, placeName } from './names.ts'
export { toCandidate } from './record.ts'
export { writeOrderPath } from './path.ts'
export type { MappedField, TableMapping } from './mapping.ts'
export type { FieldType } from './mapping-keys.ts'
export type { PathFilter } from './evaluate.ts'

/** Documents in collections: versions, queries and units of work, with one meaning on every backend. */
export const storage = definePort<StorageOperations, StorageDriver, StorageKeys, StorageCapability, StorageInProcess>({
  name: 'storage',
  summary: 'Documents in collections: versions, queries, units of work',
  capabilities: storageCapabilities,
  operations: storageOperations,
  keys: storageKeysSchema,
  errors: storageErrors,
  demands: demandsOf,
  check: (keys) => [...faultsOfMappings(keys.collections ?? {}), ...faultsOfViews(keys), ...faultsOfCache(keys)],
  uses: usesOfCache,
  implement: implementStorage,
  prepare: prepareStorage,
})

declare module '../../binding/bound.ts' {
  interface Ports {
    storage: StorageOf
  }
}
