import type { JsonSchema } from '../json.ts'

const decimal = /^-?(?:0|[1-9]\d{0,20})(?:\.\d{1,20})?$/

/** Text from a path or query as the schema's type; what does not convert stays text, so that validation names it. */
export function convert(text: string, schema: JsonSchema | undefined): unknown {
  const types = typesOf(schema)
  if ((types.includes('integer') || types.includes('number')) && decimal.test(text)) return Number(text)
  if (types.includes('boolean')) {
    if (text === 'true') return true
    if (text === 'false') return false
  }
  return text
}

/** The schema of one property of an object schema. */
export function propertyOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const properties = schema.properties
  return isSchema(properties) && Object.hasOwn(properties, name) && isSchema(properties[name]) ? properties[name] : undefined
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** All JSON types that a schema names, also through `anyOf` and `oneOf`. */
function typesOf(schema: JsonSchema | undefined): readonly unknown[] {
  if (!schema) return []
  if (schema.type !== undefined) return Array.isArray(schema.type) ? schema.type : [schema.type]
  const choices = schema.anyOf ?? schema.oneOf
  return Array.isArray(choices) ? choices.filter(isSchema).flatMap(typesOf) : []
}
