import type { ImportCounts, OnConflict } from '../../ports/storage/index.ts'
import { InputError } from '../outcome.ts'
import { type Batch, batchesOf } from './batches.ts'
import { toFaultyLine } from './fault.ts'
import type { FlatHeap } from './heap.ts'
import type { OpenStorage } from './open.ts'
import type { Progress } from './progress.ts'
import { ExportReader } from './reader.ts'

export interface ImportParts {
  /** As reports name it. */
  readonly file: string
  readonly progress: Progress
  readonly only: readonly string[] | undefined
  readonly partial: boolean
  readonly resume: boolean
  readonly onConflict: OnConflict
  /** Takes the records whatever steps they have been through. */
  readonly ignoreSteps: boolean
  readonly heap: FlatHeap
}

/** What an import has done. */
export interface Done {
  readonly binding: string
  readonly file: string
  readonly counts: ImportCounts
  /** The records of each collection in the backend afterwards. */
  readonly stored: ReadonlyMap<string, number>
  /** The steps of the owner that are still to run. */
  readonly toRun: readonly string[]
}

/** A batch may have to wait for a backend that is busy. */
const callTimeoutMs = 300_000

/** One import, from the lines of an export to the backend. */
export class Importing {
  readonly #open: OpenStorage
  readonly #parts: ImportParts
  /** Records that were read, in both runs over a file. */
  #read = 0
  readonly #counts = { added: 0, replaced: 0, skipped: 0, same: 0, expired: 0 }
  readonly #stored = new Map<string, number>()
  #toRun: readonly string[] | undefined
  /** The least that a collection holds when all is done. */
  readonly #expected = new Map<string, number>()

  constructor(open: OpenStorage, parts: ImportParts) {
    this.#open = open
    this.#parts = parts
  }

  done(): Done {
    return { binding: this.#open.binding, file: this.#parts.file, counts: { ...this.#counts }, stored: new Map(this.#stored), toRun: this.#toRun ?? [] }
  }

  /** Reads all and writes nothing. @throws FaultyLine for the first line that cannot be imported. */
  async check(chunks: AsyncIterable<Buffer>, bytes: number): Promise<void> {
    const { file, progress } = this.#parts
    const reader = this.#reader()
    let records = 0
    for await (const piece of reader.records(chunks)) {
      for (const one of piece) {
        try {
          this.#open.storage.checkRecord(one)
        } catch (error) {
          throw toFaultyLine(file, error, [one])
        }
      }
      records += piece.length
      this.#passed(piece.length)
      progress.show('checking', records, reader.bytesRead / bytes)
    }
  }

  /**
   * Writes batch after batch, and makes the next while one is written. `bytes`, where it is known, is for progress.
   * @throws FaultyLine for the first line that cannot be imported; every batch before it is stored, and nothing of its own.
   */
  async run(chunks: AsyncIterable<Buffer>, bytes?: number): Promise<void> {
    const reader = this.#reader()
    let writing: Promise<void> = Promise.resolve()
    try {
      for await (const batch of batchesOf(reader.records(chunks))) {
        await writing
        await this.#ready(reader)
        writing = this.#write(batch)
        // Met by the next `await`; until then nobody waits for it.
        writing.catch(() => undefined)
        this.#passed(batch.records.length)
        this.#parts.progress.show(`importing ${batch.collection}`, this.#met(), bytes === undefined ? undefined : reader.bytesRead / bytes)
      }
    } finally {
      await writing
    }
    await this.#ready(reader)
    await this.#compare()
  }

  /** Before the first record, once the header is known. */
  async #ready({ header }: ExportReader): Promise<void> {
    if (this.#toRun) return
    const { toRun } = await this.#open.storage.awaitRecords(this.#parts.ignoreSteps ? undefined : header?.steps)
    this.#toRun = toRun
  }

  #passed(records: number): void {
    this.#read += records
    this.#parts.heap.passed(this.#read)
  }

  #reader(): ExportReader {
    const { file, partial, only } = this.#parts
    return new ExportReader({ file, partial, declared: new Set(this.#open.collections), ...(only && { only: new Set(only) }) })
  }

  async #write({ collection, records }: Batch): Promise<void> {
    const { file, onConflict, resume } = this.#parts
    try {
      const counts = await this.#open.storage.importRecords({ collection, records: records.map(({ record }) => record), onConflict, resume }, { timeoutMs: callTimeoutMs })
      for (const what of Object.keys(this.#counts) as (keyof ImportCounts)[]) this.#counts[what] += counts[what]
      const lasting = records.filter(({ record }) => record.expiresAt === undefined).length
      this.#expected.set(collection, (this.#expected.get(collection) ?? 0) + lasting)
    } catch (error) {
      throw toFaultyLine(file, error, records)
    }
  }

  #met(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
  }

  /** The backend's own word: it must hold at least what was brought and does not expire. */
  async #compare(): Promise<void> {
    for (const [collection, expected] of this.#expected) {
      const { count } = await this.#open.storage.count({ collection }, { timeoutMs: callTimeoutMs })
      this.#stored.set(collection, count)
      if (count < expected) throw new InputError(`${collection} holds ${count} records after an import of ${expected}: another program removes them, or the file has an id twice`)
    }
  }
}
