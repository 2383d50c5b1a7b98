import type { Call } from '../../../call.ts'
import { ownCollections } from '../collections.ts'
import { storageError } from '../errors.ts'
import { placeName } from '../names.ts'
import { runUnit } from '../unit-of-work.ts'
import { waitsForSteps } from './compare.ts'
import { describeChange } from './describe.ts'
import type { StepDone } from './face.ts'
import { LedgerUnit } from './ledger.ts'
import type { Migrating } from './parts.ts'
import { isPending, type LookOptions, lookForChanges, type Pending, type Removal } from './pending.ts'
import { runStep } from './run-step.ts'
import { refusalOf, stepsToRun } from './standing.ts'
import type { KeyFilling, StructureChange } from './structure.ts'

export interface ApplyOptions extends Omit<LookOptions, 'removals'> {
  readonly allowDestructive?: boolean
  /** `later`: they wait, and what waits for them. */
  readonly steps?: 'run' | 'later'
}

/** What was done, in its order. */
export interface Applied {
  readonly changes: readonly StructureChange[]
  readonly steps: readonly StepDone[]
  readonly removals: readonly Removal[]
}

/**
 * Makes the backend what its manifest says: places and indexes, then the owner's steps, then what is unique, then what is to go.
 * One replica at a time; a second one waits, and finds nothing left to do. Each part bears being done again after a crash.
 */
export async function applyChanges(migrating: Migrating, options: ApplyOptions, call: Call): Promise<Applied> {
  const { parts } = migrating
  const look: LookOptions = { ...options, removals: options.allowDestructive ?? false }
  const lookNow = async (): Promise<Pending> => {
    const pending = await lookForChanges(parts, look, call)
    refuseSteps(pending)
    return options.steps === 'later' ? withoutSteps(pending) : pending
  }
  const first = await lookNow()
  if (!isPending(first) && first.removals.length === 0 && first.unnoted.length === 0) return { changes: [], steps: [], removals: [] }

  // A lock that another holds was released at some time: what there is to do is looked for anew.
  return exclusively(migrating, call, async () => apply(migrating, await lookNow(), call))
}

/** @throws STORAGE_MIGRATION_REFUSED */
export function refuseSteps({ standings }: Pick<Pending, 'standings'>): void {
  const refusal = refusalOf(standings)
  if (refusal) throw storageError('STORAGE_MIGRATION_REFUSED', refusal)
}

/** What is unique waits for them, unless there are none to run. */
function withoutSteps(pending: Pending): Pending {
  if (stepsToRun(pending.standings).length === 0) return pending
  return { ...pending, standings: [], changes: pending.changes.filter((change) => !waitsForSteps(change)) }
}

function exclusively<T>({ parts: { driver, binding } }: Migrating, call: Call, body: () => Promise<T>): Promise<T> {
  return driver.structure ? driver.structure.lock(placeName(binding, ownCollections.migrations), call, body) : body()
}

async function apply(migrating: Migrating, pending: Pending, call: Call): Promise<Applied> {
  // Where all else is noted comes first.
  const changes = pending.changes.toSorted((a, b) => Number(isOfNotes(b)) - Number(isOfNotes(a)))
  for (const change of changes.filter(isOfNotes)) await applyChange(migrating, change, call)
  await notePlaces(migrating, pending.unnoted, call)

  for (const change of changes.filter((one) => !isOfNotes(one) && !waitsForSteps(one))) await applyChange(migrating, change, call)
  const steps: StepDone[] = []
  for (const { file } of stepsToRun(pending.standings)) {
    call.signal.throwIfAborted()
    const done = await runStep(migrating, file, call)
    migrating.parts.log.info(done, 'migration step has run')
    steps.push(done)
  }
  for (const change of changes.filter(waitsForSteps)) await applyChange(migrating, change, call)
  for (const { change } of pending.removals) {
    await applyChange(migrating, change, call)
    if (change.do === 'drop-place') await forgetPlace(migrating, change.name, call)
  }
  return { changes, steps, removals: pending.removals }
}

function isOfNotes(change: StructureChange): boolean {
  return 'collection' in change && change.collection.name === ownCollections.migrations
}

async function applyChange(migrating: Migrating, change: StructureChange, call: Call): Promise<void> {
  const { parts, tell } = migrating
  call.signal.throwIfAborted()
  const { what, collection, paths } = describeChange(change)
  tell({ doing: `${what} ${collection}`, records: 0, share: 0 })
  if (change.do === 'fill-keys') await fill(migrating, change, call)
  else await parts.driver.structure?.apply(change, call)
  parts.log.info({ collection, ...(paths !== undefined && { paths }) }, `done: ${what} ${collection}`)
}

async function fill({ parts: { driver }, tell }: Migrating, change: KeyFilling, call: Call): Promise<void> {
  const total = await driver.structure?.count(change.collection.name, call) ?? 0
  let examined = 0
  for (let after: string | undefined; ; ) {
    const batch = await driver.structure?.fill(change, after, call)
    examined += batch?.examined ?? 0
    tell({ doing: `${describeChange(change).what} ${change.collection.name}`, records: examined, share: total > 0 ? examined / total : 1 })
    after = batch?.last
    if (after === undefined) return
    call.signal.throwIfAborted()
  }
}

/** Before they are made: one that is made and not noted would not be found when the manifest has it no longer. */
async function notePlaces({ parts }: Migrating, names: readonly string[], call: Call): Promise<void> {
  // One by one, for a unit may hold one record only; each is written once in the life of a collection.
  for (const name of names) {
    await runUnit(call, async (unit) => {
      const ledger = new LedgerUnit(parts.stageIn(unit), parts.nowMs(), parts.newVersion)
      if (!await ledger.read('place', name, call)) ledger.write('place', name, {})
    })
  }
}

async function forgetPlace({ parts }: Migrating, name: string, call: Call): Promise<void> {
  await runUnit(call, async (unit) => {
    const ledger = new LedgerUnit(parts.stageIn(unit), parts.nowMs(), parts.newVersion)
    await ledger.read('place', name, call)
    ledger.write('place', name, undefined)
  })
}
