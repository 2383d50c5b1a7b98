import type { JsonSchema } from '../../json.ts'
import { commentOf, member, nameOf } from './text.ts'

/** A schema may refer to one part many times, and each time it is written out. */
const maxParts = 10_000
const maxLevels = 60
const unknown = 'unknown'

/**
 * The TypeScript type of what one JSON Schema (2020-12) admits, never less: whatever is not modelled, as a condition or
 * a reference beyond the document, leaves the type wider, in the end `unknown`.
 */
export class SchemaTypes {
  readonly #root: JsonSchema
  /** A pointer counts from the nearest `$id`: with one inside, none is followed. */
  readonly #followsRefs: boolean
  readonly #open = new Set<string>(['#'])
  #parts = 0
  #level = 0

  constructor(root: JsonSchema) {
    this.#root = root
    this.#followsRefs = !Object.values(root).some(hasId)
  }

  /** The type of a document that keeps the schema: always an object. `indent` is that of the line it stands in. */
  document(indent: string): string {
    const type = this.type({ ...this.#root, type: 'object' }, indent)
    return type === unknown ? 'JsonObject' : type
  }

  /** `isObject`: something else says so already. */
  type(schema: unknown, indent: string, isObject = false): string {
    if (schema === false) return 'never'
    if (!isMap(schema) || this.#level >= maxLevels || ++this.#parts > maxParts) return unknown
    this.#level++
    const type = this.#whole(schema, indent, isObject)
    this.#level--
    return type
  }

  /** What stands at a path of every document, and whether it surely stands there. */
  at(segments: readonly string[], indent: string): { readonly type: string; readonly required: boolean } {
    let schema: unknown = this.#root
    let required = true
    for (const [index, segment] of segments.entries()) {
      const target = this.#followed(schema)
      if (!isMap(target) || !isMap(target.properties) || !Object.hasOwn(target.properties, segment)) return { type: unknown, required: false }
      required &&= (index === 0 || target.type === 'object') && namesOf(target.required).includes(segment)
      schema = target.properties[segment]
    }
    return { type: this.type(schema, indent), required }
  }

  #whole(schema: JsonSchema, indent: string, isObject: boolean): string {
    const objects = isObject || schema.type === 'object'
    const alternatives = (of: unknown) => (Array.isArray(of) ? union(of.map((one: unknown) => this.type(one, indent, objects))) : unknown)
    return intersection([
      this.#own(schema, indent, isObject),
      typeof schema.$ref === 'string' ? this.#reference(schema.$ref, indent, objects) : unknown,
      ...(Array.isArray(schema.allOf) ? schema.allOf.map((one: unknown) => this.type(one, indent, objects)) : []),
      alternatives(schema.anyOf),
      alternatives(schema.oneOf),
    ])
  }

  #own(schema: JsonSchema, indent: string, isObject: boolean): string {
    if ('const' in schema) return literalType(schema.const)
    if (Array.isArray(schema.enum)) return union(schema.enum.map(literalType))
    const types = typeof schema.type === 'string' ? [schema.type] : Array.isArray(schema.type) ? schema.type : isObject && isMap(schema.properties) ? ['object'] : undefined
    if (!types) return unknown
    return union([...types.map((type: unknown) => this.#ofKind(type, schema, indent)), ...(schema.nullable === true ? ['null'] : [])])
  }

  #ofKind(type: unknown, schema: JsonSchema, indent: string): string {
    switch (type) {
      case 'string': case 'boolean': case 'null': case 'number': return type
      case 'integer': return 'number'
      case 'array': return `readonly ${grouped(this.#items(schema, indent))}[]`
      case 'object': return this.#object(schema, indent)
      default: return unknown
    }
  }

  #items({ prefixItems, items }: JsonSchema, indent: string): string {
    const rest = this.type(items, indent)
    return Array.isArray(prefixItems) ? union([...prefixItems.map((item: unknown) => this.type(item, indent)), rest]) : rest
  }

  #object(schema: JsonSchema, indent: string): string {
    const properties = isMap(schema.properties) ? schema.properties : {}
    const required = namesOf(schema.required)
    const names = [...new Set([...Object.keys(properties), ...required])]
    if (names.length === 0) return this.#map(schema, indent)

    const deeper = `${indent}  `
    const members = names.map((name) => {
      const property: unknown = Object.hasOwn(properties, name) ? properties[name] : true
      const comment = isMap(property) ? commentOf(property.description, deeper) : ''
      return `${comment}${member(deeper, name, this.type(property, deeper), required.includes(name))}`
    })
    return `{\n${members.join('')}${indent}}`
  }

  #map({ additionalProperties, patternProperties }: JsonSchema, indent: string): string {
    if (patternProperties !== undefined) return `{ readonly [name: string]: ${unknown} }`
    const values = additionalProperties === undefined || additionalProperties === true ? unknown : this.type(additionalProperties, indent)
    return values === unknown ? 'JsonObject' : `{ readonly [name: string]: ${values} }`
  }

  #reference(target: string, indent: string, isObject: boolean): string {
    const found = this.#resolve(target)
    if (found === undefined || this.#open.has(target)) return unknown
    this.#open.add(target)
    const type = this.type(found, indent, isObject)
    this.#open.delete(target)
    return type
  }

  #followed(schema: unknown): unknown {
    let target = schema
    for (let steps = 0; steps < maxLevels && isMap(target) && typeof target.$ref === 'string' && !isMap(target.properties); steps++) target = this.#resolve(target.$ref)
    return target
  }

  #resolve(target: string): unknown {
    if (!this.#followsRefs || !/^#(\/|$)/.test(target)) return undefined
    let found: unknown = this.#root
    for (const step of target.split('/').slice(1)) {
      const name = decoded(step)
      if (name === undefined || typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
      found = (found as Readonly<Record<string, unknown>>)[name]
    }
    return found
  }
}

function decoded(step: string): string | undefined {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return undefined
  }
}

function literalType(value: unknown): string {
  if (typeof value === 'string') return nameOf(value, true)
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'number'
  return typeof value === 'boolean' || value === null ? String(value) : unknown
}

function union(types: readonly string[]): string {
  const all = [...new Set(types)]
  return all.includes(unknown) ? unknown : all.length === 0 ? 'never' : all.filter((type) => type !== 'never').map((type) => (all.length > 1 && type.includes(' & ') ? grouped(type) : type)).join(' | ') || 'never'
}

function intersection(types: readonly string[]): string {
  const known = [...new Set(types)].filter((type) => type !== unknown)
  const telling = known.filter((type) => type !== 'JsonObject')
  if (telling.length === 0) return known[0] ?? unknown
  return telling.map((type) => (telling.length > 1 ? grouped(type) : type)).join(' & ')
}

function grouped(type: string): string {
  return / [|&] |^readonly /.test(type) ? `(${type})` : type
}

function namesOf(names: unknown): readonly string[] {
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : []
}

function isMap(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasId(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasId)
  return isMap(value) && (typeof value.$id === 'string' || Object.values(value).some(hasId))
}
