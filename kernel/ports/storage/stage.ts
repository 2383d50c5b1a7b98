import type { Refusal, Stage } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import { isPorticoError, kernelError, type PorticoError, unsupported } from '../../errors.ts'
import { type Collection, type Index } from './collections.ts'
import type { Condition, Entry, KeyedRow, Row, StorageDriver } from './driver.ts'
import { storageError } from './errors.ts'
import type { Overlay } from './find.ts'
import { limits } from './limits.ts'
import { tableOf } from './mapped.ts'
import { atOperation } from './operation-error.ts'
import type { RecordAt } from './operations.ts'

/** What a caller is told when the condition of an entry does not hold. */
export type Failure = 'STORAGE_CONTENDED' | 'STORAGE_VERSION_CONFLICT' | 'STORAGE_ALREADY_EXISTS' | 'STORAGE_NOT_FOUND'

interface Staged {
  readonly entry: Entry
  readonly failure: Failure
  /** Its place in a `write`. */
  readonly operation: number | undefined
}

/** One record as the unit sees it. */
interface Known {
  readonly collection: string
  readonly id: string
  readonly row: Row | null
  /** What was seen and no entry demands yet. */
  readonly noted?: Condition
  readonly written: boolean
}

export interface StageParts {
  readonly binding: string
  readonly driver: StorageDriver
  readonly collections: ReadonlyMap<string, Collection>
  /** Whether the backend changes several records together; without it a unit holds one record. */
  readonly units: boolean
  /** Told what a commit wrote, or may have written; undefined when that is no matter. */
  readonly forget?: (written: readonly RecordAt[]) => Promise<void> | undefined
}

/**
 * The storage binding's part of a unit of work: what it saw, and what it will write.
 * @throws STORAGE_UNSUPPORTED, where the driver has no `units`, as soon as a second record is met.
 */
export class StorageStage implements Stage<unknown> {
  readonly binding: string
  /** The operation of a `write` whose entries are being staged. */
  operation: number | undefined
  readonly #driver: StorageDriver
  readonly #collections: ReadonlyMap<string, Collection>
  readonly #units: boolean
  readonly #forget: StageParts['forget']
  readonly #known = new Map<string, Known>()
  readonly #staged: Staged[] = []
  #bytes = 0
  #noted = 0
  #ended = false
  #sent: readonly { readonly staged: Staged; readonly steps: number }[] = []

  constructor({ binding, driver, collections, units, forget }: StageParts) {
    this.binding = binding
    this.#driver = driver
    this.#collections = collections
    this.#units = units
    this.#forget = forget
  }

  /** The record as the unit has it; undefined when the unit has not met it. */
  peek(collection: string, id: string): Row | null | undefined {
    return this.#known.get(keyOf(collection, id))?.row
  }

  /** The records as the unit sees them; what is read for it must be unchanged when it commits. */
  async see(collection: string, ids: readonly string[], call: Call): Promise<readonly (Row | null)[]> {
    const unknown = [...new Set(ids.filter((id) => this.peek(collection, id) === undefined))]
    const rows = unknown.length > 0 ? await this.#driver.read(collection, unknown, call) : []
    unknown.forEach((id, index) => this.note(collection, id, rows[index] ?? null))
    return ids.map((id) => this.peek(collection, id) ?? null)
  }

  /** What a read saw: the commit demands that it is so still. */
  note(collection: string, id: string, row: Row | null): void {
    // A write may have been staged while the row was read.
    if (this.peek(collection, id) !== undefined) return
    this.#learn({ collection, id, row, noted: row ? { version: row.version } : 'absent', written: false })
  }

  /** Stages what becomes of a record, on a condition that holds for all the unit knows. */
  write(collection: string, id: string, when: Condition, row: KeyedRow | null, failure: Failure): void {
    this.#bytes += row?.text.length ?? 0
    if (this.#bytes > limits.unitBytes) throw storageError('STORAGE_UNIT_TOO_LARGE', { binding: this.binding, max: `${limits.unitBytes / 1024 ** 2} MiB of documents that it writes` })
    this.#push({ collection, id, when, write: row }, failure)
    this.#learn({ collection, id, row, written: true })
  }

  /** Stages a condition alone. */
  check(collection: string, id: string, when: Condition, failure: Failure): void {
    this.#push({ collection, id, when }, failure)
  }

  /** What the unit wrote to a collection; undefined when nothing. */
  overlay(collection: string): Overlay | undefined {
    const written = [...this.#known.values()].filter((one) => one.written && one.collection === collection)
    if (written.length === 0) return undefined
    return { ids: new Set(written.map((one) => one.id)), rows: written.flatMap((one) => one.row ?? []) }
  }

  steps(): readonly unknown[] {
    this.#ended = true
    const all: Staged[] = []
    for (const { collection, id, noted } of this.#known.values()) {
      if (noted) all.push({ entry: { collection, id, when: noted }, failure: 'STORAGE_CONTENDED', operation: undefined })
    }
    for (const staged of this.#staged) all.push(staged)
    const lists = this.#driver.steps(all.map((one) => one.entry))
    this.#sent = all.map((staged, index) => ({ staged, steps: lists[index]?.length ?? 0 }))
    return lists.flat()
  }

  settled(): Promise<void> | undefined {
    return this.#forget?.(this.#sent.flatMap(({ staged: { entry } }) => (entry.write === undefined ? [] : [entry])))
  }

  failed(error: unknown): unknown {
    const lost = isPorticoError(error) && error.code === 'DATABASE_OUTCOME_UNKNOWN'
    return lost ? storageError('STORAGE_OUTCOME_UNKNOWN', { binding: this.binding }, { cause: error }) : error
  }

  async refused(refusal: Refusal, call: Call): Promise<Error> {
    let step = refusal.step
    for (const { staged, steps } of this.#sent) {
      if (step < steps) return atOperation(await this.#why(staged, refusal, call), staged.operation)
      step -= steps
    }
    throw new RangeError(`step ${refusal.step} was not staged`)
  }

  async #why(staged: Staged, { reason, index: broken, rule = 'a rule of its own' }: Refusal, call: Call): Promise<PorticoError> {
    const { entry, failure } = staged
    const at = { collection: entry.collection, id: entry.id }
    if (reason === 'count') return storageError(failure, at)
    if (reason === 'rule') return storageError('STORAGE_RULE_BROKEN', { ...at, rule })

    const [inTheWay] = entry.when === 'absent' ? await this.#driver.read(at.collection, [at.id], call) : []
    if (inTheWay) return storageError(failure, at)
    const collection = this.#collections.get(at.collection)
    const table = collection && tableOf(this.#driver, collection)
    if (table) return storageError('STORAGE_NOT_UNIQUE', { ...at, paths: table.pathsOf(broken) })
    const index = entry.write && (await this.#brokenIndex(staged, entry.write, call))
    if (index) return storageError('STORAGE_NOT_UNIQUE', { ...at, paths: index.paths.map((path) => path.name).join(', ') })

    // What was in the way is gone, or has expired and is swept now: the same again may succeed.
    await this.#driver.sweep(at.collection, sweptAtOnce, call)
    return storageError('STORAGE_CONTENDED', at)
  }

  /** The unique index where another record, stored or staged, has the row's key. */
  async #brokenIndex(staged: Staged, row: KeyedRow, call: Call): Promise<Index | undefined> {
    const earlier = this.#staged.slice(0, this.#staged.indexOf(staged)).flatMap(({ entry }) => (entry.write && entry.collection === staged.entry.collection && entry.id !== row.id ? [entry.write] : []))
    for (const index of this.#collections.get(staged.entry.collection)?.indexes ?? []) {
      const key = row.keys[index.at]
      if (!index.unique || !key) continue
      if (earlier.some((other) => isSame(other.keys[index.at], key))) return index
      const bound = { value: key, open: false }
      const holders = await this.#driver.scan(staged.entry.collection, { by: index.at, lower: bound, upper: bound, reverse: false }, 1, call)
      if (holders.some((holder) => holder.id !== row.id)) return index
    }
    return undefined
  }

  #push(entry: Entry, failure: Failure): void {
    if (!this.#units) this.#onlyRecord(entry)
    const earlier = this.#units ? undefined : this.#staged.pop()
    this.#staged.push({ entry: earlier ? follow(earlier.entry, entry) : entry, failure: earlier?.failure ?? failure, operation: this.operation })
    this.#bound()
  }

  #learn(known: Known): void {
    if (!this.#units) this.#onlyRecord(known)
    const key = keyOf(known.collection, known.id)
    this.#noted += (known.noted ? 1 : 0) - (this.#known.get(key)?.noted ? 1 : 0)
    this.#known.set(key, known)
    this.#bound()
  }

  /** What one record becomes is one entry, and that any backend applies whole. */
  #onlyRecord({ collection, id }: Pick<Entry, 'collection' | 'id'>): void {
    const key = keyOf(collection, id)
    const isOnly = Array.from(this.#known.keys()).every((one) => one === key) && this.#staged.every(({ entry }) => keyOf(entry.collection, entry.id) === key)
    if (!isOnly && !this.#ended) throw unsupported('storage', { binding: this.binding, what: 'a unit of work of more than one record', capability: 'units' })
  }

  #bound(): void {
    // Of an operation that nobody waited for: its write would be in no commit.
    if (this.#ended) throw kernelError('UNIT_OF_WORK_ENDED', { binding: this.binding })
    if (this.#noted + this.#staged.length > limits.unitEntries) throw storageError('STORAGE_UNIT_TOO_LARGE', { binding: this.binding, max: `${limits.unitEntries} reads and writes` })
  }
}

const sweptAtOnce = 1_000

/**
 * Two writes of one record in turn, as one. The later condition was found to hold for what the earlier one writes, so the
 * first is all there is to demand; what was not there and is gone again is a condition alone.
 */
function follow({ collection, id, when, write: before }: Entry, { write = before }: Entry): Entry {
  return { collection, id, when, ...(write !== undefined && !(write === null && when === 'absent') && { write }) }
}

function keyOf(collection: string, id: string): string {
  // NUL stands in neither.
  return `${collection}\0${id}`
}

function isSame(a: Uint8Array | null | undefined, b: Uint8Array): boolean {
  return a !== null && a !== undefined && Buffer.compare(a, b) === 0
}
