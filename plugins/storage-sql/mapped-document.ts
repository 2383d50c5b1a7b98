import type { FieldError, Json, JsonObject } from '../../kernel/plugin.ts'
import type { SqlValue } from '../../kernel/ports/sql/index.ts'
import type { MappedField } from '../../kernel/ports/storage/index.ts'
import type { Written } from './mapped-codec.ts'
import { Branch, type LaidField, type Layout } from './mapped-layout.ts'
import { named } from './mapped-row.ts'

const mostTold = 20

/** The columns' values of a document, in the order of the fields, or what has no place. */
export function valuesOf(layout: Layout, value: JsonObject): { readonly params: readonly SqlValue[] } | { readonly unmapped: readonly FieldError[] } {
  const errors: FieldError[] = []
  const met = new Map<LaidField, SqlValue>()
  walk(layout.tree, value, '/value', met, errors)
  for (const field of layout.fields) {
    if (!met.has(field) && !field.nullable) errors.push({ path: pointer(field), message: `must be there: its column ${field.column} is NOT NULL` })
  }
  return errors.length > 0 ? { unmapped: errors.slice(0, mostTold) } : { params: layout.fields.map((field) => met.get(field) ?? null) }
}

function walk({ below }: Branch, value: JsonObject, path: string, met: Map<LaidField, SqlValue>, errors: FieldError[]): void {
  for (const [name, item] of Object.entries(value)) {
    if (errors.length >= mostTold) return
    const at = `${path}/${shown(name)}`
    const place = below.get(name)
    if (place instanceof Branch) {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) errors.push({ path: at, message: 'must be an object: what stands in it has columns' })
      else if (Object.keys(item).length === 0) errors.push({ path: at, message: 'must not be an empty object: only what stands in it has columns; leave it out' })
      else walk(place, item as JsonObject, at, met, errors)
      continue
    }
    const written = place ? write(place, item) : { unfit: 'has no column; map it under `columns`, or leave it out' }
    if ('unfit' in written) errors.push({ path: at, message: written.unfit })
    else if (place) met.set(place, written.param)
  }
}

function write({ codec, column }: LaidField, value: Json): Written {
  if (value === null && !codec.keepsNull) return { unfit: `must not be null: a column that is NULL is a field that is missing; leave it out, or map ${column} with type: json` }
  return codec.write(value)
}

function pointer({ path }: MappedField): string {
  return `/value/${path.segments.map(shown).join('/')}`
}

function shown(name: string): string {
  return name.slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')
}

/** The document of a row's columns, in the order of the fields; NULL is a field that is missing. @throws Unreadable */
export function documentOf({ fields }: Layout, columns: readonly unknown[]): JsonObject {
  const document: Record<string, Json> = {}
  for (const [at, { codec, path, column }] of fields.entries()) {
    const raw = columns[at]
    if (raw === null || raw === undefined) continue
    const value = named(column, () => codec.read(raw))
    let inner = document
    for (const segment of path.segments.slice(0, -1)) {
      if (!Object.hasOwn(inner, segment)) inner[segment] = {}
      // Only objects were put there: no mapped path stands inside another.
      inner = inner[segment] as Record<string, Json>
    }
    inner[path.segments.at(-1) ?? ''] = value
  }
  return document
}
