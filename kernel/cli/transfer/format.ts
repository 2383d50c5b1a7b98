import { InputError } from '../outcome.ts'
import { didYouMean } from '../../manifest/suggest.ts'
import type { PortableRecord, StepMark } from '../../ports/storage/index.ts'

/** How many records of each collection. */
export type Counts = Readonly<Record<string, number>>

/** The first line of an export. */
export interface Header {
  readonly format: 'portico-storage'
  readonly version: 1
  /** The application's name and its binding. */
  readonly name: string
  readonly binding: string
  readonly exportedAt: string
  /** When it began; the last line has what was written. */
  readonly collections: Counts
  /** The steps of the owner that the records have been through; of an older file it is not known. */
  readonly steps?: readonly StepMark[]
}

/** The last line: without it a file is cut. */
export interface Trailer {
  readonly records: number
  readonly collections: Counts
  /** Of all bytes before this line. */
  readonly sha256: string
}

export interface CollectionRecord {
  readonly collection: string
  readonly record: PortableRecord
}

const format = 'portico-storage'
const version = 1

/** How every header begins that is written here. */
export const headerBegin = `{"format":"${format}",`

export function headerLine(header: Omit<Header, 'format' | 'version'>): string {
  return `${JSON.stringify({ format, version, ...header } satisfies Header)}\n`
}

export function recordLine(collection: string, record: PortableRecord): string {
  return `${JSON.stringify({ collection, ...record })}\n`
}

export function trailerLine(end: Trailer): string {
  return `${JSON.stringify({ end })}\n`
}

/** @throws InputError without a place, which the reader knows. */
export function readHeader(text: string): Header {
  const header = readObject(text)
  if (header['format'] !== format) throw new InputError('this is no export of Portico: its first line must be a header with "format": "portico-storage"')
  if (header['version'] !== version) throw new InputError(`it has version ${JSON.stringify(header['version'])} of the form, and this Portico reads ${version}; import it with the Portico that wrote it`)
  const { name, binding, exportedAt, collections, steps } = header
  if (typeof name !== 'string' || typeof binding !== 'string' || typeof exportedAt !== 'string' || !isCounts(collections)) {
    throw new InputError('the header must have name, binding and exportedAt, and under collections how many records each has')
  }
  if (steps !== undefined && !(Array.isArray(steps) && steps.every(isStepMark))) throw new InputError('the steps of the header must be a list of name and sha256')
  return { format, version, name, binding, exportedAt, collections, ...(steps !== undefined && { steps }) }
}

/** @throws InputError without a place, which the reader knows. */
export function readLine(text: string): CollectionRecord | { readonly end: Trailer } {
  const line = readObject(text)
  if ('end' in line) return { end: readTrailer(line) }

  for (const field of Object.keys(line)) if (!fields.has(field)) throw new InputError(`a record has no field ${JSON.stringify(field.slice(0, 60))}${didYouMean(field, fields)}`)
  const { collection, id, value, createdAt, updatedAt, expiresAt } = line
  if (typeof collection !== 'string' || typeof id !== 'string' || typeof createdAt !== 'string' || typeof updatedAt !== 'string') throw new InputError('a record must have collection, id, createdAt and updatedAt, each a text')
  if (!isObject(value)) throw new InputError('the value of a record must be an object')
  if (expiresAt !== undefined && typeof expiresAt !== 'string') throw new InputError('expiresAt must be a text')
  // JSON.parse makes nothing but JSON.
  const record = { id, value: value as PortableRecord['value'], createdAt, updatedAt, ...(expiresAt !== undefined && { expiresAt }) }
  return { collection, record }
}

const fields: ReadonlySet<string> = new Set(['collection', 'id', 'value', 'createdAt', 'updatedAt', 'expiresAt'])

function readTrailer({ end, ...others }: Readonly<Record<string, unknown>>): Trailer {
  if (isObject(end) && Object.keys(others).length === 0) {
    const { records, collections, sha256 } = end
    if (isCount(records) && isCounts(collections) && typeof sha256 === 'string') return { records, collections, sha256 }
  }
  throw new InputError('the last line must have end: { records, collections, sha256 } and nothing else')
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InputError(text.trim() === '' ? 'the line is empty' : 'the line is no JSON', { cause })
  }
  if (!isObject(value)) throw new InputError('the line must be a JSON object')
  return value
}

function isCounts(value: unknown): value is Counts {
  return isObject(value) && Object.values(value).every(isCount)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isStepMark(value: unknown): value is StepMark {
  return isObject(value) && typeof value['name'] === 'string' && typeof value['sha256'] === 'string'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
