import type { BoundOperations } from '../../../binding/bound.ts'
import type { Unit } from '../../../binding/unit.ts'
import type { JsonObject } from '../../../json.ts'
import type { Log } from '../../../log.ts'
import { storageError } from '../errors.ts'
import type { StorageInProcess } from '../in-process.ts'
import { limits } from '../limits.ts'
import type { StorageOperations, Where } from '../operations.ts'
import type { RecordOf } from '../typed.ts'

/** The binding that a step migrates. What is written without `{ unit }` is not undone when the step fails. */
export type MigratedStorage = BoundOperations<StorageOperations> & Pick<StorageInProcess, 'collection' | 'view' | 'repository'>

export interface StepParts {
  readonly storage: MigratedStorage
  /** Commits what is staged in it together with the note that the step has run. */
  readonly unit: Unit
  readonly log: Log
  /** Aborts when the migration is given up. */
  readonly signal: AbortSignal
}

/** A step that is one unit of work: all of it and the note that it has run, or nothing. */
export interface UnitStep {
  /** Runs again, in a new unit, when a record that it read was changed meanwhile: its effects are those that it stages. */
  readonly run: (parts: StepParts) => Promise<void>
}

/** A step over the records of one collection, in batches that are each one unit of work with how far it has come. */
export interface DataStep<V extends object = JsonObject> {
  readonly collection: string
  /** Only records for which this holds, as in `find`. Every record is looked at, with an index or without. */
  readonly where?: Where
  /** How many records are looked at in one unit; 200 unless set, 1,000 at most. */
  readonly batch?: number
  /**
   * What becomes of a record: another value, `null` for none any more, or `undefined` to leave it. Its time to live and the
   * time it was made stay. Called again for the same record when others changed the batch meanwhile.
   */
  readonly each: (record: RecordOf<V>) => V | null | undefined | Promise<V | null | undefined>
}

export type MigrationStep<V extends object = JsonObject> = UnitStep | DataStep<V>

/** What the file of a step exports as its default. */
export function defineMigration<V extends object = JsonObject>(step: MigrationStep<V>): MigrationStep<V> {
  return step
}

/** The step of a file, held to its form. @throws STORAGE_MIGRATION_REFUSED */
export function stepOf(name: string, module: unknown, collections: { has(name: string): boolean }): MigrationStep {
  const refuse = (reason: string): never => { throw storageError('STORAGE_MIGRATION_REFUSED', { step: name, reason }) }
  const given = typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof given !== 'object' || given === null) return refuse('has no step as its default export; write export default defineMigration({ … })')

  const fields = given as Readonly<Record<string, unknown>>
  const known = 'run' in fields ? ['run'] : ['collection', 'where', 'batch', 'each']
  const unknown = Object.keys(fields).find((field) => !known.includes(field))
  if (unknown !== undefined) return refuse(`has ${JSON.stringify(unknown)}, which a step with ${known[0]} does not know; it knows ${known.join(', ')}`)
  if ('run' in fields) return typeof fields['run'] === 'function' ? (given as UnitStep) : refuse('has a `run` that is no function')

  const { collection, where, batch, each } = fields
  if (typeof each !== 'function') return refuse('has neither `run` nor `each`, one of which must be a function')
  if (typeof collection !== 'string' || !collections.has(collection)) return refuse(`is about the collection ${JSON.stringify(collection)}, which the manifest does not declare`)
  if (where !== undefined && (typeof where !== 'object' || where === null || Array.isArray(where))) return refuse('has a `where` that is no object, as the one of `find` is')
  if (batch !== undefined && !(Number.isInteger(batch) && Number(batch) >= 1 && Number(batch) <= limits.writeOperations)) return refuse(`has a \`batch\` that is not a whole number from 1 to ${limits.writeOperations}`)
  return given as DataStep
}
