import type { JsonSchema } from '../json.ts'
import { parseBytes, parseDuration, parseShare, typeOf } from './units.ts'

type Judges = (limit: never, value: unknown, schema: JsonSchema) => boolean

const map = (value: unknown) => (typeOf(value) === 'object' ? (value as Readonly<Record<string, unknown>>) : undefined)
const list = (value: unknown) => (Array.isArray(value) ? (value as readonly unknown[]) : undefined)
const within = (size: number | undefined, fits: (size: number) => boolean) => size === undefined || fits(size)
const lengthOf = (value: unknown) => (typeof value === 'string' ? Array.from(value).length : undefined)
const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined)
const amountOf = (value: unknown) => (typeof value === 'string' ? (parseDuration(value) ?? parseBytes(value) ?? parseShare(value)) : undefined)
const sizeOf = (value: unknown) => { const found = map(value); return found && Object.keys(found).length }

/** Keywords that the schemas of ports and settings are mostly made of. One that is not here is left to ajv. */
const keywords: Readonly<Record<string, Judges>> = {
  type: (types: string | readonly string[], value) => [types].flat().some((type) => type === typeOf(value) || (type === 'number' && typeof value === 'number')),
  const: (only: unknown, value) => typeof only !== 'object' && value === only,
  enum: (words: readonly unknown[], value) => typeof value !== 'object' && words.includes(value),
  anyOf: (schemas: readonly JsonSchema[], value) => schemas.some((schema) => surelyValid(schema, value)),
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  format: (format: string, value) => typeof value !== 'string' || (format === 'uri' && URL.canParse(value)),
  minLength: (limit: number, value) => within(lengthOf(value), (length) => length >= limit),
  maxLength: (limit: number, value) => within(lengthOf(value), (length) => length <= limit),
  minimum: (limit: number, value) => within(numberOf(value), (number) => number >= limit),
  maximum: (limit: number, value) => within(numberOf(value), (number) => number <= limit),
  'x-min': (limit: number, value) => within(amountOf(value), (amount) => amount >= limit),
  'x-max': (limit: number, value) => within(amountOf(value), (amount) => amount <= limit),
  minItems: (limit: number, value) => within(list(value)?.length, (length) => length >= limit),
  maxItems: (limit: number, value) => within(list(value)?.length, (length) => length <= limit),
  items: (schema: JsonSchema, value, { prefixItems }) => prefixItems === undefined && (list(value) ?? []).every((item) => surelyValid(schema, item)),
  minProperties: (limit: number, value) => within(sizeOf(value), (size) => size >= limit),
  maxProperties: (limit: number, value) => within(sizeOf(value), (size) => size <= limit),
  required: (names: readonly string[], value) => { const found = map(value); return !found || names.every((name) => Object.hasOwn(found, name)) },
  propertyNames: (schema: JsonSchema, value) => Object.keys(map(value) ?? {}).every((name) => surelyValid(schema, name)),
  properties: (schemas: Readonly<Record<string, JsonSchema>>, value) => Object.entries(map(value) ?? {}).every(([name, item]) => !Object.hasOwn(schemas, name) || surelyValid(schemas[name] ?? false, item)),
  additionalProperties: (rest: JsonSchema | boolean, value, { properties = {}, patternProperties }) =>
    patternProperties === undefined && Object.entries(map(value) ?? {}).every(([name, item]) => Object.hasOwn(properties as object, name) || surelyValid(rest, item)),
}

const annotations = new Set(['description', 'title', 'default', 'examples', 'writeOnly', '$comment', 'x-portico', 'x-setting'])

/**
 * True only when ajv would accept the value too; false when it would not, or when a keyword is not known here.
 * Compiling the schemas of a small manifest costs ajv 70 ms of CPU at each start, and a good manifest, which is what
 * nearly every start reads, needs none of them. Whatever is refused is refused, and worded, by ajv alone.
 */
export function surelyValid(schema: JsonSchema | boolean, value: unknown): boolean {
  if (typeof schema === 'boolean') return schema
  return Object.entries(schema).every(([keyword, limit]) => annotations.has(keyword) || (keywords[keyword]?.(limit as never, value, schema) ?? false))
}
