import type { Call } from '../../../call.ts'
import { storageError } from '../errors.ts'
import { runUnit } from '../unit-of-work.ts'
import { applyChanges, refuseSteps } from './apply.ts'
import type { StepMark } from './face.ts'
import { LedgerUnit, readLedger } from './ledger.ts'
import type { MigrationParts } from './parts.ts'
import { type Pending, lookForChanges, refusePending } from './pending.ts'
import { standingsOf, stepsToRun } from './standing.ts'

/**
 * Makes a backend ready for records from elsewhere that have been through these steps: its places and indexes are made, unless that
 * is the operator's, and the steps are noted as if they had run here. The others are left for afterwards; answers their names.
 * @throws STORAGE_MIGRATION_REFUSED when a step ran here that the records have not been through, or one was edited since.
 */
export async function awaitRecords(parts: MigrationParts, mode: 'auto' | 'manual', been: readonly StepMark[] | undefined, call: Call): Promise<readonly string[]> {
  if (mode === 'manual') refusePending(parts, { ...(await lookForChanges(parts, {}, call)), standings: [] })
  else await applyChanges({ parts, tell: () => undefined }, { steps: 'later' }, call)

  const { steps } = await readLedger(parts.driver, call)
  refuseUnmet(steps, been)
  const nowIso = new Date(parts.nowMs()).toISOString()
  const missing = (been ?? []).filter(({ name }) => !steps.has(name)).map(({ name, sha256 }) => [name, { sha256, startedAt: nowIso, finishedAt: nowIso }] as const)
  const standings = standingsOf(parts.steps, new Map([...steps, ...missing]))
  refuseSteps({ standings } satisfies Pick<Pending, 'standings'>)
  for (const [name, note] of missing) {
    await runUnit(call, async (unit) => {
      const ledger = new LedgerUnit(parts.stageIn(unit), parts.nowMs(), parts.newVersion)
      if (!await ledger.read('step', name, call)) ledger.write('step', name, note)
    })
  }
  return stepsToRun(standings).map(({ name }) => name)
}

/** Nothing would ever run these steps for the records that come. */
function refuseUnmet(steps: ReadonlyMap<string, unknown>, been: readonly StepMark[] | undefined): void {
  if (!been) return
  const names = new Set(been.map(({ name }) => name))
  const unmet = Array.from(steps.keys()).find((name) => !names.has(name))
  if (unmet === undefined) return
  throw storageError('STORAGE_MIGRATION_REFUSED', { step: unmet, reason: 'has run here, and the records that come have not been through it; bring them to an empty place, where it runs after they came, or take them as they are with --ignore-steps' })
}
