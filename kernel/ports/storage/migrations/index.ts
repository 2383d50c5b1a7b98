import type { Call } from '../../../call.ts'
import { storageError } from '../errors.ts'
import { unitCall } from '../unit-of-work.ts'
import { type Applied, applyChanges, refuseSteps } from './apply.ts'
import { awaitRecords } from './arriving.ts'
import { describeChange } from './describe.ts'
import type { MigrationPlan, MigrationReport, PlannedChange, PlannedStep, StorageMigrations } from './face.ts'
import type { MigrationParts } from './parts.ts'
import { isPending, lookForChanges, type Pending, refusePending } from './pending.ts'
import { refusalOf } from './standing.ts'
import type { StructureChange } from './structure.ts'

export { defineMigration, type DataStep, type MigratedStorage, type MigrationStep, type StepParts, type UnitStep } from './define.ts'
export type * from './face.ts'
export type * from './structure.ts'
export type { StepState } from './standing.ts'

const dayMs = 86_400_000

/** `mode`: who makes what is missing. */
export function makeMigrations(parts: MigrationParts, mode: 'auto' | 'manual'): StorageMigrations {
  return {
    async migrationPlan(options = {}) {
      return planOf(parts, await lookForChanges(parts, { removals: true }, unitCall(options)))
    },

    async migrate({ allowDestructive = false, edited = [], refill = [], onProgress = () => undefined, ...options } = {}) {
      refuseUnknown(parts, refill)
      const done = await applyChanges({ parts, tell: onProgress }, { allowDestructive, edits: new Set(edited), refill: new Set(refill) }, unitCall({ timeoutMs: dayMs, ...options }))
      return reportOf(parts, done)
    },

    async awaitRecords(been, options = {}) {
      return { toRun: await awaitRecords(parts, mode, been, unitCall({ timeoutMs: dayMs, ...options })) }
    },
  }
}

/**
 * What a start does: follows the manifest, or, where `mode` says `manual`, refuses to start while something is to be done. `look`
 * only tells what could not be done.
 * @throws STORAGE_MIGRATIONS_PENDING
 */
export async function followManifest(parts: MigrationParts, mode: 'auto' | 'manual' | 'look', call: Call): Promise<void> {
  if (mode === 'auto') {
    await applyChanges({ parts, tell: () => undefined }, {}, call)
    return
  }
  const pending = await lookForChanges(parts, {}, call)
  refuseSteps(pending)
  if (mode === 'manual') refusePending(parts, pending)
}

function planOf({ binding, driver }: MigrationParts, pending: Pending): MigrationPlan {
  const planned = (change: StructureChange): PlannedChange => ({ ...describeChange(change), statements: driver.structure?.statements(change) ?? [] })
  const steps = pending.standings.map(({ name, state, note }): PlannedStep => {
    const { after: _at, ...told } = note ?? {}
    return { name, state, ...told }
  })
  return { binding, pending: isPending(pending), changes: pending.changes.map(planned), removals: pending.removals.map(({ change, records }) => ({ ...planned(change), records })), steps, ...refusedOf(pending) }
}

function refusedOf({ standings }: Pending): Pick<MigrationPlan, 'refused'> {
  const refused = refusalOf(standings)
  return refused ? { refused } : {}
}

function reportOf({ binding }: MigrationParts, { changes, removals, steps }: Applied): MigrationReport {
  return { binding, changes: changes.map(describeChange), removals: removals.map(({ change, records }) => ({ ...describeChange(change), records })), steps }
}

function refuseUnknown({ declared, binding }: MigrationParts, refill: readonly string[]): void {
  for (const collection of refill) if (!declared.has(collection)) throw storageError('STORAGE_COLLECTION_NOT_FOUND', { binding, collection })
}
