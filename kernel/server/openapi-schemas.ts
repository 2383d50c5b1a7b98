import type { JsonSchema } from '../json.ts'
import type { AnyPort } from '../ports/definition.ts'
import { isSchema } from './convert.ts'
import { pathFields, type HttpOperation } from './input.ts'
import { isHttp } from './port-routes.ts'

/** The schemas of one port's bodies and answers by component name, with what they define (`$defs`) lifted beside them. */
export function portSchemas(port: AnyPort): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = {}
  for (const [name, operation] of Object.entries(port.operations)) {
    if (!isHttp(operation)) continue
    const body = bodySchema(operation)
    if (body) found[bodyName(port, name)] = lift(body, operation.input, `${port.name}.${name}.body`, found)
    found[outputName(port, name)] = lift(without(operation.output, operation.http.answer?.omit ?? []), operation.output, `${port.name}.${name}.output`, found)
  }
  return found
}

export const bodyName = (port: AnyPort, operation: string) => `${port.name}.${operation}.body`
export const outputName = (port: AnyPort, operation: string) => `${port.name}.${operation}.output`

/** A schema of one operation's input field, fit to stand in a parameter: what it refers to is written out. */
export function fieldSchema(operation: HttpOperation, field: string): JsonSchema {
  const properties = operation.input.properties
  const schema = isSchema(properties) ? properties[field] : undefined
  if (!isSchema(schema)) return { type: 'string' }
  if (typeof schema.$ref !== 'string') return schema
  const target = resolve(schema.$ref, operation.input)
  return target && !JSON.stringify(target).includes('"$ref"') ? target : { type: 'string' }
}

/** What of the input is the body: one field of it, or what stands neither in path, query nor headers; undefined for none. */
export function bodySchema(operation: HttpOperation): JsonSchema | undefined {
  const { http, input } = operation
  if (http.raw !== undefined) return { description: 'As its sender signed it.' }
  if (http.body !== undefined) return fieldOf(input, http.body)
  if (http.method === 'GET') return undefined
  const rest = renamed(without(input, [...pathFields(http.path), ...Object.keys(http.from ?? {})]), operation)
  return isSchema(rest.properties) && Object.keys(rest.properties).length > 0 ? rest : undefined
}

/** With the fields that have another name in the body than in the input. */
function renamed(rest: JsonSchema, { http, input }: HttpOperation): JsonSchema {
  const properties: Record<string, unknown> = {}
  for (const [field, source] of Object.entries(http.from ?? {})) if ('body' in source) properties[source.body] = fieldOf(input, field)
  return Object.keys(properties).length === 0 ? rest : { ...rest, properties: { ...(isSchema(rest.properties) ? rest.properties : {}), ...properties } }
}

function fieldOf(schema: JsonSchema, name: string): JsonSchema {
  const field = isSchema(schema.properties) ? schema.properties[name] : undefined
  return isSchema(field) ? field : {}
}

function without(schema: JsonSchema, names: readonly string[]): JsonSchema {
  if (names.length === 0 || !isSchema(schema.properties)) return schema
  const properties = Object.fromEntries(Object.entries(schema.properties).filter(([name]) => !names.includes(name)))
  const required = Array.isArray(schema.required) ? schema.required.filter((name) => !names.includes(String(name))) : undefined
  return { ...schema, properties, ...(required ? { required } : {}) }
}

/** In a component `#` is the whole document, so `#/$defs/x` becomes a component of its own. */
function lift(schema: JsonSchema, root: JsonSchema, name: string, found: Record<string, JsonSchema>): JsonSchema {
  const { $defs, $schema: _dialect, $id: _id, ...rest } = schema
  const rewritten = rewrite(rest, name) as JsonSchema
  const definitions = isSchema(root.$defs) ? root.$defs : isSchema($defs) ? $defs : {}
  for (const [definition, inner] of Object.entries(definitions)) found[`${name}.${definition}`] = rewrite(inner, name) as JsonSchema
  return rewritten
}

function rewrite(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, name))
  if (!isSchema(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === '$ref' && typeof inner === 'string' ? reference(inner, name) : rewrite(inner, name)]))
}

function reference(target: string, name: string): string {
  if (target === '#') return `#/components/schemas/${name}`
  return target.startsWith('#/$defs/') ? `#/components/schemas/${name}.${target.slice('#/$defs/'.length)}` : target
}

function resolve(target: string, root: JsonSchema): JsonSchema | undefined {
  const definitions = root.$defs
  const found = target.startsWith('#/$defs/') && isSchema(definitions) ? definitions[target.slice('#/$defs/'.length)] : undefined
  return isSchema(found) ? found : undefined
}
