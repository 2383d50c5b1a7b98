import type { Json, JsonObject } from '../../json.ts'

/** A record as a query looks at it. */
export interface Candidate {
  readonly id: string
  readonly value: JsonObject
  readonly createdAtMs: number
  readonly updatedAtMs: number
}

/** A path of a query, an index or an order: into the value, or one of the record's own fields. */
export interface Path {
  /** As it is written: `customer.country`, `$createdAt`. */
  readonly name: string
  readonly own?: 'id' | 'createdAt' | 'updatedAt'
  readonly segments: readonly string[]
}

/** A path with a direction, as `orderBy` and indexes write it: `-$createdAt`. */
export interface OrderPath extends Path {
  readonly descending: boolean
}

const owns: Readonly<Record<string, Path['own']>> = { $id: 'id', $createdAt: 'createdAt', $updatedAt: 'updatedAt' }

/** True for a name that no document can have, since one backend or another cannot keep it; see check-document.ts. */
export function isRefusedName(name: string): boolean {
  return name.startsWith('$') || name === '_bsontype' || name === '__proto__'
}

/** The path that `name` means; undefined when no document can have it. */
export function parsePath(name: string): Path | undefined {
  if (name.startsWith('$')) {
    const own = Object.hasOwn(owns, name) ? owns[name] : undefined
    return own && { name, own, segments: [] }
  }
  const segments = name.split('.')
  return segments.some(isRefusedName) ? undefined : { name, segments }
}

/** `read` tells which path a name means. */
export function parseOrderPath(text: string, read = parsePath): OrderPath | undefined {
  const descending = text.startsWith('-')
  const path = read(descending ? text.slice(1) : text)
  return path && { ...path, descending }
}

export function writeOrderPath({ name, descending }: OrderPath): string {
  return descending ? `-${name}` : name
}

/** What stands at the path; undefined when it is missing. It goes through objects, never into arrays. */
export function valueAt(path: Path, record: Candidate): Json | undefined {
  switch (path.own) {
    case 'id': return record.id
    case 'createdAt': return record.createdAtMs
    case 'updatedAt': return record.updatedAtMs
    case undefined: break
  }
  let value: Json = record.value
  for (const segment of path.segments) {
    // hasOwn: a document has no `constructor` or `toString` but its own.
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, segment)) return undefined
    value = (value as JsonObject)[segment] as Json
  }
  return value
}
