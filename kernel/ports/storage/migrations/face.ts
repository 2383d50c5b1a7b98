import type { UnitOptions } from '../operations.ts'
import type { StepState } from './standing.ts'

/** One change of what records are kept in. */
export interface PlannedChange {
  readonly what: string
  readonly collection: string
  readonly paths?: string
  /** What is unique is made after the steps. */
  readonly afterSteps?: true
  /** What it runs on the backend. */
  readonly statements: readonly string[]
}

/** What only `allowDestructive` does. */
export interface PlannedRemoval extends PlannedChange {
  /** How many records are lost with it. */
  readonly records: number
}

/** A step as it ran: its name and the SHA-256 of its text. */
export interface StepMark {
  readonly name: string
  readonly sha256: string
}

export interface PlannedStep {
  readonly name: string
  readonly state: StepState
  /** Of the text that ran, or began to. */
  readonly sha256?: string
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly examined?: number
  readonly changed?: number
}

/** How a backend and its manifest differ, and how its steps stand. */
export interface MigrationPlan {
  readonly binding: string
  /** Whether there is anything that `migrate` would do without `allowDestructive`. */
  readonly pending: boolean
  readonly changes: readonly PlannedChange[]
  readonly removals: readonly PlannedRemoval[]
  readonly steps: readonly PlannedStep[]
  /** Why the steps cannot go on. */
  readonly refused?: { readonly step: string; readonly reason: string }
}

/** How far long work has come: so many records, of the whole a share of 0 to 1. */
export interface MigrationProgress {
  readonly doing: string
  readonly records: number
  readonly share: number
}

export interface MigrateOptions extends UnitOptions {
  /** Removes what the manifest no longer has, too. What is lost then, `migrationPlan` tells. */
  readonly allowDestructive?: boolean
  /** Steps that were edited before they were through, and may go on in the words they have now. */
  readonly edited?: readonly string[]
  /** Collections whose keys are seen to again, for replicas of an older manifest may have written to them. */
  readonly refill?: readonly string[]
  readonly onProgress?: (progress: MigrationProgress) => void
}

/** What one step did. */
export interface StepDone {
  readonly step: string
  readonly examined: number
  readonly changed: number
}

export interface MigrationReport {
  readonly binding: string
  readonly changes: readonly Omit<PlannedChange, 'statements'>[]
  readonly removals: readonly Omit<PlannedRemoval, 'statements'>[]
  readonly steps: readonly StepDone[]
}

/** What an owner can ask of a binding's structure and steps, in process; `portico migrate` asks the same. */
export interface StorageMigrations {
  /** Looks, and changes nothing. @throws STORAGE_TABLE_FOREIGN */
  migrationPlan(options?: UnitOptions): Promise<MigrationPlan>
  /**
   * Makes the backend what the manifest says and runs the steps that have not run. A day unless `timeoutMs` is set.
   * @throws STORAGE_MIGRATION_REFUSED · STORAGE_MIGRATION_FAILED · STORAGE_INDEX_NOT_FILLED · STORAGE_TABLE_FOREIGN
   */
  migrate(options?: MigrateOptions): Promise<MigrationReport>
  /**
   * Makes ready for `importRecords` of records that have been through these steps elsewhere: they are noted as run, and those that are
   * still to run, whose names are answered, run at the next start. Undefined: it is not known, and left as it is.
   * @throws STORAGE_MIGRATION_REFUSED when a step ran here that the records have not been through.
   */
  awaitRecords(been: readonly StepMark[] | undefined, options?: UnitOptions): Promise<{ readonly toRun: readonly string[] }>
}
