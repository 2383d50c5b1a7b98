import type { Unit } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import { isPorticoError, kernelError } from '../../errors.ts'
import { canonicalText } from './canonical.ts'
import { checkDocument, checkId } from './check-document.ts'
import type { Collection } from './collections.ts'
import type { KeyedRow, Row, StorageDriver } from './driver.ts'
import { keysOf } from './keys.ts'
import { limits } from './limits.ts'
import { fitRow, walkAfter } from './mapped.ts'
import { atOperation } from './operation-error.ts'
import type { ImportCounts, ImportInput, PortableRecord, StorageTransfers } from './portable.ts'
import { parseDocument, toPortable } from './record.ts'
import { RowWeight } from './scan.ts'
import type { StorageStage } from './stage.ts'
import { makeTurns } from './turn.ts'
import { runUnit, unitCall } from './unit-of-work.ts'

interface TransferParts {
  readonly driver: StorageDriver
  readonly binding: string
  /** Whether several rows can be committed together. */
  readonly units: boolean
  /** @throws STORAGE_COLLECTION_NOT_FOUND */
  readonly collection: (name: string) => Collection
  readonly stageIn: (unit: Unit) => StorageStage
  readonly newVersion: () => string
}

/** The most rows of a page. */
const rowsAtOnce = 512

/** Records in and out of one driver, past the operations that make times of their own. */
export function makeTransfers(parts: TransferParts): StorageTransfers {
  const { driver, collection } = parts
  const weights = new Map<string, RowWeight>()
  const weightOf = (name: string): RowWeight => {
    const weight = weights.get(name) ?? new RowWeight()
    weights.set(name, weight)
    return weight
  }

  return {
    async exportRecords({ collection: name, after }, options = {}) {
      const declared = collection(name)
      const weight = weightOf(name)
      const asked = weight.within(rowsAtOnce)
      const rows = await driver.scan(name, walkAfter(declared, after), asked, unitCall(options))
      weight.learn(rows)
      return { records: rows.map(toPortable), next: rows.length < asked ? null : (rows.at(-1)?.id ?? null) }
    },

    checkRecord({ collection: name, record }) {
      rowOf(parts, collection(name), record, '')
    },

    async importRecords(input, options = {}) {
      const declared = collection(input.collection)
      if (input.records.length > limits.writeOperations) throw refused(parts, '/records', `must be ${limits.writeOperations} at most`)
      if (new Set(input.records.map(({ id }) => id)).size < input.records.length) throw refused(parts, '/records', 'must not have two records with one id')
      const turn = makeTurns()
      const rows: KeyedRow[] = []
      for (const [index, record] of input.records.entries()) {
        try {
          rows.push(rowOf(parts, declared, record, parts.newVersion()))
        } catch (error) {
          throw isPorticoError(error) ? atOperation(error, index) : error
        }
        await turn()
      }
      return importRows(parts, input, rows, unitCall(options))
    },
  }
}

/** In one commit where the backend can, else each row in its own. */
async function importRows(parts: TransferParts, input: ImportInput, rows: readonly KeyedRow[], call: Call): Promise<ImportCounts> {
  const { driver, units } = parts
  const nowMs = rows.some((row) => row.expiresAtMs !== null) ? await driver.now(call) : 0
  if (units) return importTogether(parts, input, rows, 0, nowMs, call)

  const counts = { ...none }
  for (let at = 0; at < rows.length; at += aloneAtOnce) {
    const done = await Promise.allSettled(rows.slice(at, at + aloneAtOnce).map((row, index) => importTogether(parts, input, [row], at + index, nowMs, call)))
    for (const one of done) {
      if (one.status === 'rejected') throw one.reason
      for (const what of Object.keys(none) as (keyof ImportCounts)[]) counts[what] += one.value[what]
    }
  }
  return counts
}

const none = { added: 0, replaced: 0, skipped: 0, same: 0, expired: 0 }
const aloneAtOnce = 16

/** The rows in one commit; again from the beginning when another writer was first. `first` is the place of the first row in its list. */
async function importTogether(parts: TransferParts, input: ImportInput, rows: readonly KeyedRow[], first: number, nowMs: number, call: Call): Promise<ImportCounts> {
  const { driver, stageIn, collection } = parts
  // By default nothing is read: the commit itself demands that no record is there.
  const blind = (input.onConflict ?? 'fail') === 'fail' && !input.resume

  return runUnit(call, async (unit) => {
    // Joined at the first write: where all is there already, nothing is committed.
    const stageFor = (operation: number): StorageStage => {
      const stage = stageIn(unit)
      stage.operation = operation
      return stage
    }
    const there = blind ? [] : await driver.read(input.collection, rows.map((row) => row.id), call)
    const counts = { ...none }
    for (const [index, row] of rows.entries()) counts[importRow({ stage: () => stageFor(first + index), over: (current) => ({ ...row, ...fitRow(driver, collection(input.collection), row, current) }) }, input, row, there[index], nowMs, blind)]++
    return counts
  })
}

interface Importing {
  readonly stage: () => StorageStage
  /** The row in place of one that is there. */
  readonly over: (current: Row) => KeyedRow
}

function importRow({ stage, over }: Importing, { collection, onConflict, resume }: ImportInput, row: KeyedRow, there: Row | undefined, nowMs: number, blind: boolean): keyof ImportCounts {
  if (row.expiresAtMs !== null && row.expiresAtMs <= nowMs) return 'expired'
  if (there && resume && isSame(there, row)) return 'same'
  if (there && onConflict === 'skip') return 'skipped'
  if (there && onConflict === 'replace') {
    stage().write(collection, row.id, { version: there.version }, over(there), 'STORAGE_CONTENDED')
    return 'replaced'
  }
  // Where one is there, or appears until the commit, it is refused; who may leave or replace it looks again first.
  stage().write(collection, row.id, 'absent', row, blind || there ? 'STORAGE_ALREADY_EXISTS' : 'STORAGE_CONTENDED')
  return 'added'
}

/** Databases keep the fields of a document in an order of their own. */
function isSame(a: Row, b: Row): boolean {
  return a.createdAtMs === b.createdAtMs && a.updatedAtMs === b.updatedAtMs && a.expiresAtMs === b.expiresAtMs
    && (a.text === b.text || canonicalText(parseDocument(a.text)) === canonicalText(parseDocument(b.text)))
}

function rowOf(parts: TransferParts, collection: Collection, record: PortableRecord, version: string): KeyedRow {
  const operation = `${parts.binding}.import`
  checkId(operation, record.id)
  const text = checkDocument(operation, collection, record.value)
  const [createdAtMs, updatedAtMs] = [timeOf(parts, record.createdAt, '/createdAt'), timeOf(parts, record.updatedAt, '/updatedAt')]
  const expiresAtMs = record.expiresAt === undefined ? null : timeOf(parts, record.expiresAt, '/expiresAt')
  const keys = collection.indexes.length > 0 ? keysOf(collection, { id: record.id, value: record.value, createdAtMs, updatedAtMs }) : []
  return { ...fitRow(parts.driver, collection, { id: record.id, text, version, createdAtMs, updatedAtMs, expiresAtMs }, null), keys }
}

/** Exactly the texts that a record shows: so a time comes out as it came in. */
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function timeOf(parts: TransferParts, text: string, path: string): number {
  const ms = timePattern.test(text) ? Date.parse(text) : NaN
  // `Date.parse` takes the 30th of February for a day of March.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== text) throw refused(parts, path, 'must be a time such as 2026-11-25T17:26:24.000Z, in UTC with milliseconds')
  return ms
}

function refused({ binding }: TransferParts, path: string, message: string): Error {
  return kernelError('INPUT_INVALID', { operation: `${binding}.import` }, { errors: [{ path, message }] })
}
