import { asText, type Json, type JsonObject } from '../../json.ts'
import { isoTime } from '../time.ts'
import type { Row } from './driver.ts'
import type { StoredRecord } from './operations.ts'
import { type Candidate, type Path, valueAt } from './path.ts'
import type { PortableRecord } from './portable.ts'
import type { ViewField } from './views.ts'

/** A row as its caller gets it; `value` is its document where it was parsed already. */
export function toRecord(row: Row, text: boolean, value?: JsonObject): StoredRecord {
  return withValue(row, text ? asText(row.text) : value ?? parseDocument(row.text))
}

export function toCandidate(row: Row): Candidate {
  return { id: row.id, value: parseDocument(row.text), createdAtMs: row.createdAtMs, updatedAtMs: row.updatedAtMs }
}

/** A row as it leaves for another backend. */
export function toPortable(row: Row): PortableRecord {
  const { version: _made, ...record } = toRecord(row, false)
  return record
}

export function parseDocument(text: string): JsonObject {
  // What is stored was checked to be an object.
  return JSON.parse(text) as JsonObject
}

/** The record with its value reduced to the paths, nesting kept. */
export function toSelection(row: Row, value: JsonObject, select: readonly Path[]): StoredRecord {
  return withValue(row, reduce(value, select.map((path) => path.segments)))
}

/** The record with its value as a view tells it: a field whose path is missing is missing. */
export function toProjection(row: Row, value: JsonObject, fields: readonly ViewField[]): StoredRecord {
  const candidate = { id: row.id, value, createdAtMs: row.createdAtMs, updatedAtMs: row.updatedAtMs }
  const found = fields.map(({ name, path }): Placed => [name.split('.'), valueAt(path, candidate)])
  return withValue(row, nest(found))
}

type Placed = readonly [steps: readonly string[], value: Json | undefined]

function nest(placed: readonly Placed[]): JsonObject {
  const below = new Map<string, Placed[]>()
  const own = new Map<string, Json>()
  for (const [[first = '', ...rest], value] of placed) {
    if (value === undefined) continue
    if (rest.length === 0) own.set(first, value)
    else below.set(first, [...(below.get(first) ?? []), [rest, value]])
  }
  for (const [name, inner] of below) own.set(name, nest(inner))
  // fromEntries defines own properties, so that no name can reach a prototype.
  return Object.fromEntries(own)
}

function withValue(row: Row, value: StoredRecord['value']): StoredRecord {
  const { id, version, expiresAtMs } = row
  const createdAt = isoTime(row.createdAtMs)
  const updatedAt = row.updatedAtMs === row.createdAtMs ? createdAt : isoTime(row.updatedAtMs)
  return expiresAtMs === null ? { id, value, version, createdAt, updatedAt } : { id, value, version, createdAt, updatedAt, expiresAt: isoTime(expiresAtMs) }
}

function reduce(value: JsonObject, paths: readonly (readonly string[])[]): JsonObject {
  const entries = Object.entries(value).flatMap(([name, below]) => {
    const rests = paths.filter(([first]) => first === name).map(([, ...rest]) => rest)
    if (rests.length === 0) return []
    if (rests.some((rest) => rest.length === 0)) return [[name, below] as const]
    if (typeof below !== 'object' || below === null || Array.isArray(below)) return []
    const reduced = reduce(below as JsonObject, rests)
    return Object.keys(reduced).length > 0 ? [[name, reduced] as const] : []
  })
  return Object.fromEntries(entries)
}
