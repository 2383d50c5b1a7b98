import type { Call } from '../../../call.ts'
import { ownCollections } from '../collections.ts'
import { storageError } from '../errors.ts'
import { changesOf, removalsOf } from './compare.ts'
import { describeChange } from './describe.ts'
import { type Ledger, readLedger } from './ledger.ts'
import type { MigrationParts } from './parts.ts'
import { type StepStanding, standingsOf, stepsToRun } from './standing.ts'
import type { FoundPlace, StructureChange, StructureRemoval } from './structure.ts'

export interface Removal {
  readonly change: StructureRemoval
  /** How many records go with it. */
  readonly records: number
}

/** What lies between a backend and its manifest. */
export interface Pending {
  readonly changes: readonly Exclude<StructureChange, StructureRemoval>[]
  /** Only when they were asked for. */
  readonly removals: readonly Removal[]
  readonly standings: readonly StepStanding[]
  /** Collections that have a place, or get one, of which nothing is noted yet. */
  readonly unnoted: readonly string[]
}

export interface LookOptions {
  /** Looks for what the manifest has no longer, too. */
  readonly removals?: boolean
  readonly edits?: ReadonlySet<string>
  /** Collections whose keys are seen to again. */
  readonly refill?: ReadonlySet<string>
}

export function isPending({ changes, standings }: Pending): boolean {
  return changes.length > 0 || stepsToRun(standings).length > 0
}

/** @throws STORAGE_MIGRATIONS_PENDING when something is to be done, by what it is. */
export function refusePending({ binding }: MigrationParts, pending: Pending): void {
  if (!isPending(pending)) return
  const changes = pending.changes.map((change) => { const { what, collection, paths = '' } = describeChange(change); return `${what} ${collection} ${paths}`.trim() })
  const steps = stepsToRun(pending.standings).map(({ name }) => `run ${name}`)
  throw storageError('STORAGE_MIGRATIONS_PENDING', { binding, pending: [...changes, ...steps].join('; ') })
}

/**
 * Compares a backend with its manifest. Where there are no steps and nothing is missing it looks at the places alone: the usual start.
 * @throws STORAGE_TABLE_FOREIGN
 */
export async function lookForChanges(parts: MigrationParts, options: LookOptions, call: Call): Promise<Pending> {
  const { driver, kept, steps } = parts
  const found = new Map<string, FoundPlace | undefined>()
  if (driver.structure) for (const collection of kept.values()) found.set(collection.name, await driver.structure.look(collection, call))

  const changes = driver.structure ? Array.from(kept.values()).flatMap((collection) => [...changesOf(collection, found.get(collection.name)), ...refilling(collection.name)]) : []
  const isWanted = changes.length > 0 || steps.length > 0 || options.removals === true
  const hasLedger = !driver.structure || found.get(ownCollections.migrations) !== undefined
  const ledger = isWanted && hasLedger ? await readLedger(driver, call) : nothing
  return {
    changes,
    removals: options.removals && driver.structure ? await removals(parts, found, ledger, call) : [],
    standings: standingsOf(steps, ledger.steps, options.edits),
    unnoted: isWanted && driver.structure ? Array.from(parts.declared.keys()).filter((name) => kept.has(name) && !ledger.places.has(name)) : [],
  }

  function refilling(name: string): readonly Exclude<StructureChange, StructureRemoval>[] {
    const collection = kept.get(name)
    return collection && collection.indexes.length > 0 && options.refill?.has(name) && found.get(name) ? [{ do: 'fill-keys', collection, indexes: collection.indexes }] : []
  }
}

const nothing: Ledger = { places: new Set(), steps: new Map() }

async function removals({ driver, kept }: MigrationParts, found: ReadonlyMap<string, FoundPlace | undefined>, ledger: Ledger, call: Call): Promise<readonly Removal[]> {
  const keys = Array.from(kept.values()).flatMap((collection) => removalsOf(collection, found.get(collection.name))).map((change) => ({ change, records: 0 }))
  const places: Removal[] = []
  for (const name of ledger.places) {
    // One that is mapped by now has left its own place behind.
    if (kept.has(name)) continue
    const records = await driver.structure?.count(name, call)
    places.push({ change: { do: 'drop-place', name }, records: records ?? 0 })
  }
  return [...keys, ...places]
}
