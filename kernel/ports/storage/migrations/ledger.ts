import type { Call } from '../../../call.ts'
import { ownCollections } from '../collections.ts'
import type { Row, StorageDriver } from '../driver.ts'
import type { StorageStage } from '../stage.ts'
import type { StepNote } from './standing.ts'

/** What was made and what has run, as it is kept beside the records. */
export interface Ledger {
  /** The collections that Portico ever made a place for, and has not removed: so it is known which ones the manifest has no longer. */
  readonly places: ReadonlySet<string>
  readonly steps: ReadonlyMap<string, StepNote>
}

interface Notes {
  readonly place: Readonly<Record<never, never>>
  readonly step: StepNote
}

type Kind = keyof Notes

const rowsAtOnce = 500

/** Reads it whole: a row for each collection and each step that there ever were. */
export async function readLedger(driver: StorageDriver, call: Call): Promise<Ledger> {
  const places = new Set<string>()
  const steps = new Map<string, StepNote>()
  for (let after: string | undefined; ; ) {
    const rows = await driver.scan(ownCollections.migrations, { by: 'id', reverse: false, ...(after !== undefined && { lower: { value: after, open: true } }) }, rowsAtOnce, call)
    for (const row of rows) {
      if (row.id.startsWith('place:')) places.add(row.id.slice('place:'.length))
      else if (row.id.startsWith('step:')) steps.set(row.id.slice('step:'.length), noteOf<'step'>(row))
    }
    after = rows.at(-1)?.id
    if (rows.length < rowsAtOnce) return { places, steps }
  }
}

/** How notes are read and written in a unit of work: whoever else writes one at the same time makes the unit run again. */
export class LedgerUnit {
  readonly #stage: StorageStage
  readonly #nowMs: number
  readonly #newVersion: () => string

  constructor(stage: StorageStage, nowMs: number, newVersion: () => string) {
    this.#stage = stage
    this.#nowMs = nowMs
    this.#newVersion = newVersion
  }

  async read<K extends Kind>(kind: K, name: string, call: Call): Promise<Notes[K] | undefined> {
    const [row] = await this.#stage.see(ownCollections.migrations, [`${kind}:${name}`], call)
    return row ? noteOf<K>(row) : undefined
  }

  /** After `read`; without a note it is taken out. */
  write<K extends Kind>(kind: K, name: string, note: Notes[K] | undefined): void {
    const id = `${kind}:${name}`
    const before = this.#stage.peek(ownCollections.migrations, id) ?? undefined
    const when = before ? { version: before.version } : 'absent'
    const row = note && { id, text: JSON.stringify(note), version: this.#newVersion(), createdAtMs: before?.createdAtMs ?? this.#nowMs, updatedAtMs: this.#nowMs, expiresAtMs: null, keys: [] }
    if (row ?? before) this.#stage.write(ownCollections.migrations, id, when, row ?? null, 'STORAGE_CONTENDED')
  }
}

function noteOf<K extends Kind>(row: Row): Notes[K] {
  // Written by `LedgerUnit`.
  return JSON.parse(row.text) as Notes[K]
}
