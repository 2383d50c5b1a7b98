import type { JsonSchema } from '../json.ts'
import { isSchema } from './convert.ts'

/** What stands under these is a value, in which nothing refers to anything. */
const values: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])
/** What stands under these are schemas by names of the owner's choice. */
const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])
const references: ReadonlySet<string> = new Set(['$ref', '$dynamicRef'])
const anchors: readonly string[] = ['$anchor', '$dynamicAnchor']
/** They name places of a document of its own, and would mean another one, or several, within OpenAPI. */
const dropped: ReadonlySet<string> = new Set(['$schema', '$id', ...anchors])

/** Of a schema without an `$id`. */
const rootId = 'schema:/root'

/**
 * A schema that the manifest's owner wrote, fit to stand at `#/components/schemas/<name>`: whatever it refers to within itself,
 * by pointer, `$id` or anchor, it refers to by its place in the document.
 */
export function asComponent(schema: JsonSchema, name: string): JsonSchema {
  const places = new Map<string, string>()
  note(schema, rootId, `#/components/schemas/${name}`, places)
  return rewrite(schema, rootId, places) as JsonSchema
}

/** Where each `$id` and each anchor stands; of two of one name the outer one counts. */
function note(schema: unknown, base: string, place: string, places: Map<string, string>): void {
  if (!isSchema(schema)) return
  const id = idOf(schema, base)
  if (id !== base || !places.has(id)) places.set(id, places.get(id) ?? place)
  for (const anchor of anchors) {
    const at = `${id}#${String(schema[anchor])}`
    if (typeof schema[anchor] === 'string' && !places.has(at)) places.set(at, place)
  }
  for (const [key, inner] of Object.entries(schema)) {
    if (values.has(key) || !isObject(inner)) continue
    const below = `${place}/${escape(key)}`
    if (named.has(key) || Array.isArray(inner)) for (const [step, one] of Object.entries(inner)) note(one, id, `${below}/${escape(step)}`, places)
    else note(inner, id, below, places)
  }
}

function rewrite(schema: unknown, base: string, places: ReadonlyMap<string, string>): unknown {
  if (!isSchema(schema)) return schema
  const id = idOf(schema, base)
  const each = (one: unknown) => rewrite(one, id, places)
  return Object.fromEntries(Object.entries(schema).flatMap(([key, inner]): [string, unknown][] => {
    if (dropped.has(key) && typeof inner === 'string') return []
    if (references.has(key) && typeof inner === 'string') return [['$ref', placeOf(inner, id, places)]]
    if (values.has(key) || !isObject(inner)) return [[key, inner]]
    if (Array.isArray(inner)) return [[key, inner.map(each)]]
    return [[key, named.has(key) ? Object.fromEntries(Object.entries(inner).map(([step, one]) => [step, each(one)])) : each(inner)]]
  }))
}

/** What it refers to outside of the schema is left as it is. */
function placeOf(reference: string, base: string, places: ReadonlyMap<string, string>): string {
  const [resource = '', fragment = ''] = absolute(reference, base).split('#', 2)
  if (fragment !== '' && !fragment.startsWith('/')) return places.get(`${resource}#${fragment}`) ?? reference
  const place = places.get(resource)
  return place === undefined ? reference : `${place}${fragment}`
}

/** Without its fragment. */
function idOf({ $id }: JsonSchema, base: string): string {
  return typeof $id === 'string' ? (absolute($id, base).split('#', 1)[0] ?? base) : base
}

function absolute(reference: string, base: string): string {
  return URL.parse(reference, base)?.href ?? reference
}

/** One step of a JSON pointer in a URI. */
function escape(step: string): string {
  return encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
