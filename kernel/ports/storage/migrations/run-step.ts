import type { Call } from '../../../call.ts'
import { type OpenUnit, withoutCommit } from '../../../binding/unit.ts'
import { isPorticoError } from '../../../errors.ts'
import type { ScriptFile } from '../../../manifest/units.ts'
import { wordsOfThrown } from '../../../thrown.ts'
import { checkDocument } from '../check-document.ts'
import type { Collection } from '../collections.ts'
import type { Row } from '../driver.ts'
import { storageError } from '../errors.ts'
import { type Filter, holds } from '../evaluate.ts'
import { walkAfter } from '../mapped.ts'
import { namesIn } from '../mapping.ts'
import { parseQuery } from '../query.ts'
import { toCandidate, toRecord } from '../record.ts'
import { RowWeight } from '../scan.ts'
import type { StorageStage } from '../stage.ts'
import { makeTurns } from '../turn.ts'
import { runUnit } from '../unit-of-work.ts'
import { keyed } from '../writes.ts'
import type { StepDone } from './face.ts'
import { type DataStep, stepOf, type UnitStep } from './define.ts'
import { LedgerUnit } from './ledger.ts'
import type { Migrating } from './parts.ts'
import type { StepNote } from './standing.ts'

const usualBatch = 200
/** A unit that met so many changes of what it had read, one after the other, most likely makes them itself. */
const mostRuns = 100

/**
 * Runs a step, or what is left of it: exactly once, for each of its units commits together with a note of it.
 * @throws STORAGE_MIGRATION_REFUSED when the file is no step; STORAGE_MIGRATION_FAILED when it throws.
 */
export async function runStep(migrating: Migrating, file: ScriptFile, call: Call): Promise<StepDone> {
  const step = readStep(migrating, file, await importStep(migrating, file))
  try {
    return 'run' in step ? await runOnce(migrating, file, step, call) : await runBatches(migrating, file, step, call)
  } catch (error) {
    const cause = error instanceof EachFault ? error.cause : error
    const at = error instanceof EachFault ? ` at ${error.at}` : ''
    throw storageError('STORAGE_MIGRATION_FAILED', { step: file.name, reason: `${at}: ${wordsOf(cause)}` }, { cause })
  }
}

async function importStep({ parts }: Migrating, file: ScriptFile): Promise<unknown> {
  try {
    return await parts.importScript(file)
  } catch (cause) {
    throw storageError('STORAGE_MIGRATION_REFUSED', { step: file.name, reason: `cannot be imported: ${wordsOf(cause)}` }, { cause })
  }
}

/** What a file exports may be code that throws as it is looked at. */
function readStep({ parts }: Migrating, file: ScriptFile, module: unknown): ReturnType<typeof stepOf> {
  try {
    return stepOf(file.name, module, parts.declared)
  } catch (cause) {
    if (isPorticoError(cause)) throw cause
    throw storageError('STORAGE_MIGRATION_REFUSED', { step: file.name, reason: `cannot be read: ${wordsOf(cause)}` }, { cause })
  }
}

async function runOnce({ parts }: Migrating, file: ScriptFile, step: UnitStep, call: Call): Promise<StepDone> {
  const startedAt = isoNow(parts.nowMs())
  await runBounded(call, async (unit) => {
    const ledger = new LedgerUnit(parts.stageIn(unit), parts.nowMs(), parts.newVersion)
    // Another replica whose lock was thought lost may have run it.
    if ((await ledger.read('step', file.name, call))?.finishedAt !== undefined) return
    await step.run({ storage: parts.storage(), unit: withoutCommit(unit), log: parts.log.child({ step: file.name }), signal: call.signal })
    ledger.write('step', file.name, { sha256: file.sha256, startedAt, finishedAt: isoNow(parts.nowMs()) })
  })
  return { step: file.name, examined: 0, changed: 0 }
}

/** Without a bound, what defeats itself would go on for as long as the call has: a day. */
function runBounded<T>(call: Call, body: (unit: OpenUnit) => Promise<T>): Promise<T> {
  let runs = 0
  return runUnit(call, (unit) => {
    if (++runs > mostRuns) throw new Error(`it ran ${mostRuns} times, and each time a record that it read was changed before its commit; does it write that record without { unit }?`)
    return body(unit)
  })
}

async function runBatches(migrating: Migrating, file: ScriptFile, step: DataStep, call: Call): Promise<StepDone> {
  const { parts, tell } = migrating
  // `stepOf` has held the name to the manifest.
  const collection = parts.declared.get(step.collection) as Collection
  const { filter } = parseQuery(`${parts.binding}.migrate`, step.where ? { where: step.where } : {}, namesIn(collection))
  const total = await parts.driver.count(collection.name, walkAfter(collection, undefined), call)
  const weight = new RowWeight()

  for (;;) {
    call.signal.throwIfAborted()
    const note = await runBounded(call, (unit) => runBatch(migrating, { file, step, collection, filter, weight }, parts.stageIn(unit), call))
    const { examined = 0, changed = 0 } = note
    tell({ doing: file.name, records: examined, share: total > 0 ? examined / total : 1 })
    if (note.finishedAt !== undefined) return { step: file.name, examined, changed }
  }
}

interface Batch {
  readonly file: ScriptFile
  readonly step: DataStep
  readonly collection: Collection
  readonly filter: Filter
  readonly weight: RowWeight
}

/** The next batch, staged together with the note of how far it comes. */
async function runBatch({ parts }: Migrating, { file, step, collection, filter, weight }: Batch, stage: StorageStage, call: Call): Promise<StepNote> {
  const ledger = new LedgerUnit(stage, parts.nowMs(), parts.newVersion)
  const before = await ledger.read('step', file.name, call)
  if (before?.finishedAt !== undefined) return before

  const asked = weight.within(step.batch ?? usualBatch)
  const rows = await parts.driver.scan(collection.name, walkAfter(collection, before?.after), asked, call)
  weight.learn(rows)
  const turn = makeTurns()
  let changed = before?.changed ?? 0
  for (const row of rows) {
    if (holds(filter, toCandidate(row)) && await changeRow(parts, step, collection, row, stage)) changed++
    await turn()
  }

  const after = rows.at(-1)?.id ?? before?.after
  const note: StepNote = {
    sha256: file.sha256, startedAt: before?.startedAt ?? isoNow(parts.nowMs()), examined: (before?.examined ?? 0) + rows.length, changed,
    ...(after !== undefined && { after }), ...(rows.length < asked && { finishedAt: isoNow(parts.nowMs()) }),
  }
  ledger.write('step', file.name, note)
  return note
}

/** Whether the step changes the row. */
async function changeRow(parts: Migrating['parts'], step: DataStep, collection: Collection, row: Row, stage: StorageStage): Promise<boolean> {
  try {
    const value = await step.each(toRecord(row, false))
    if (value === undefined) return false
    if (value !== null && !isObject(value)) throw new TypeError(`answered ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}; it answers another value, which is an object, null to remove the record, or undefined to leave it`)
    const next = value === null ? null : keyed(parts.driver, collection, { ...row, text: checkDocument(`${parts.binding}.migrate`, collection, value), version: parts.newVersion(), updatedAtMs: parts.nowMs() }, row).row
    stage.write(collection.name, row.id, { version: row.version }, next, 'STORAGE_CONTENDED')
    return true
  } catch (cause) {
    throw new EachFault(`${collection.name}/${row.id}`, cause)
  }
}

/** Thrown inside this file: which record a data step failed at. */
class EachFault extends Error {
  readonly at: string

  constructor(at: string, cause: unknown) {
    super(at, { cause })
    this.at = at
  }
}

/** What went wrong, with the fields at fault. */
function wordsOf(cause: unknown): string {
  const fields = isPorticoError(cause) ? cause.errors.map(({ path, message }) => `${path} ${message}`) : []
  return [wordsOfThrown(cause), ...fields].join('; ')
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isoNow(ms: number): string {
  return new Date(ms).toISOString()
}
