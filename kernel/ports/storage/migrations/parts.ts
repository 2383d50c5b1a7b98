import type { Unit } from '../../../binding/unit.ts'
import type { Log } from '../../../log.ts'
import type { ScriptFile } from '../../../manifest/units.ts'
import type { Collection } from '../collections.ts'
import type { StorageDriver } from '../driver.ts'
import type { StorageStage } from '../stage.ts'
import type { MigratedStorage } from './define.ts'
import type { MigrationProgress } from './face.ts'

/** What migrations are made of. */
export interface MigrationParts {
  readonly driver: StorageDriver
  readonly binding: string
  /** The collections of the manifest. */
  readonly declared: ReadonlyMap<string, Collection>
  /** Those that Portico keeps in a place that it makes, and its own: not those that are mapped onto tables of others. */
  readonly kept: ReadonlyMap<string, Collection>
  readonly steps: readonly ScriptFile[]
  readonly importScript: (script: ScriptFile) => Promise<unknown>
  readonly storage: () => MigratedStorage
  readonly stageIn: (unit: Unit) => StorageStage
  /** The process's time in milliseconds. */
  readonly nowMs: () => number
  readonly newVersion: () => string
  readonly log: Log
}

/** One run of the migrations. */
export interface Migrating {
  readonly parts: MigrationParts
  readonly tell: (progress: MigrationProgress) => void
}
