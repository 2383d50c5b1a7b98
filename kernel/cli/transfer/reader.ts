import { createHash } from 'node:crypto'
import { didYouMean } from '../../manifest/suggest.ts'
import { InputError } from '../outcome.ts'
import { type CollectionRecord, type Counts, type Header, readHeader, readLine, type Trailer } from './format.ts'
import { FaultyLine, type Line, linesOf, textOf } from './lines.ts'

export interface NumberedRecord extends CollectionRecord {
  readonly line: number
  /** Of the line. */
  readonly bytes: number
}

export interface ReaderParts {
  /** As reports name it. */
  readonly file: string
  /** The collections that there are to take records. */
  readonly declared: ReadonlySet<string>
  /** Those whose records are wanted; all unless given. */
  readonly only?: ReadonlySet<string>
  /** Takes a file that is cut, or was changed since it was written. */
  readonly partial: boolean
}

/** Reads an export once, from its header to its end, and holds it to what its last line says. */
export class ExportReader {
  header: Header | undefined
  /** Records that were met, of every collection. */
  readonly met = new Map<string, number>()
  readonly #parts: ReaderParts
  readonly #hash = createHash('sha256')
  #ended = false

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  /** Bytes that were read; for progress. */
  bytesRead = 0

  /**
   * The records that are wanted, some at a time.
   * @throws FaultyLine for the first line that is at fault, or where the file is cut or not as it was written.
   */
  async *records(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly NumberedRecord[]> {
    let last = 0
    for await (const lines of linesOf(chunks, this.#parts.file)) {
      const records: NumberedRecord[] = []
      for (const line of lines) {
        const record = this.#at(line, () => this.#read(line))
        if (record) records.push(record)
        this.bytesRead = line.endsAt
        last = line.number
      }
      if (records.length > 0) yield records
    }
    if (!this.header) throw new FaultyLine(this.#parts.file, 1, 'the file is empty')
    if (!this.#ended && !this.#parts.partial) throw this.#cut(last + 1)
  }

  #read(line: Line): NumberedRecord | undefined {
    if (this.#ended) throw new InputError('nothing may follow the last line of an export')
    if (!this.header) {
      this.header = this.#checked(readHeader(textOf(line)))
      this.#hash.update(line.bytes)
      return undefined
    }
    const read = line.whole ? readLine(textOf(line)) : this.#readRest(line)
    if (read === undefined) return undefined
    if ('end' in read) {
      this.#end(read.end)
      return undefined
    }
    this.#hash.update(line.bytes)
    return this.#count(read, line)
  }

  /** What follows the last line break: the last line of the file, if an editor took its break, or half a line. */
  #readRest(line: Line): CollectionRecord | { readonly end: Trailer } | undefined {
    try {
      const read = readLine(textOf(line))
      if ('end' in read) return read
    } catch (error) {
      if (!(error instanceof InputError)) throw error
    }
    if (this.#parts.partial) return undefined
    throw this.#cut(line.number)
  }

  #count(read: CollectionRecord, line: Line): NumberedRecord | undefined {
    const { collection } = read
    if (!this.header || !Object.hasOwn(this.header.collections, collection)) throw new InputError(`the header names no collection ${JSON.stringify(collection.slice(0, 60))}`)
    this.met.set(collection, (this.met.get(collection) ?? 0) + 1)
    return this.#wants(collection) ? { ...read, line: line.number, bytes: line.bytes.length } : undefined
  }

  #wants(collection: string): boolean {
    return this.#parts.only?.has(collection) ?? true
  }

  /** Before any record is met, so that nothing is written when one has no place to go. */
  #checked(header: Header): Header {
    const { declared } = this.#parts
    for (const collection of Object.keys(header.collections)) {
      if (declared.has(collection) || !this.#wants(collection)) continue
      const name = JSON.stringify(collection.slice(0, 60))
      throw new InputError(`the manifest has no collection ${name}${didYouMean(collection, declared)}; declare it, or name those to import with --collection`)
    }
    return header
  }

  #end(trailer: Trailer): void {
    this.#ended = true
    if (this.#parts.partial) return
    const met = Object.fromEntries(this.met)
    const records = Object.values(met).reduce((sum, count) => sum + count, 0)
    const remedy = 'export it anew, or take what is there with --partial'
    if (records !== trailer.records || !isSame(met, trailer.collections)) throw new InputError(`the file has ${records} records, and its last line tells of ${trailer.records}: ${remedy}`)
    if (this.#hash.digest('hex') !== trailer.sha256) throw new InputError(`the file is not as it was written, by its SHA-256: ${remedy}`)
  }

  #cut(line: number): FaultyLine {
    return new FaultyLine(this.#parts.file, line, 'the file is cut: its last line is missing; finish the export with --resume, or take what is there with --partial')
  }

  #at<T>({ number }: Line, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof FaultyLine || !(error instanceof InputError)) throw error
      throw new FaultyLine(this.#parts.file, number, error.message, { cause: error.cause })
    }
  }
}

/** A collection without a record may stand in one of them only. */
function isSame(a: Counts, b: Counts): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((name) => (a[name] ?? 0) === (b[name] ?? 0))
}
