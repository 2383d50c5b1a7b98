import { JsonText, type JsonSchema } from '../json.ts'
import { isSchema } from './convert.ts'

export type Serialize = (value: unknown) => string

/**
 * A serializer for what an output schema describes. It writes declared fields only where the schema closes its object
 * (`additionalProperties: false`), splices `JsonText` as it is, and leaves everything else to JSON.stringify: a value
 * that does not fit its schema is still written faithfully.
 */
export function serializerOf(schema: JsonSchema, omit: readonly string[] = []): Serialize {
  return compile(schema, { root: schema, open: new Map() }, omit)
}

interface Scope {
  readonly root: JsonSchema
  /** Schemas that are being compiled, so that one may refer to itself. */
  readonly open: Map<JsonSchema, { write?: Serialize }>
}

function compile(schema: JsonSchema, scope: Scope, omit: readonly string[] = []): Serialize {
  const target = resolve(schema, scope.root)
  if (!target) return writeAny
  const busy = scope.open.get(target)
  if (busy) return (value) => (busy.write ?? writeAny)(value)

  const entry: { write?: Serialize } = {}
  scope.open.set(target, entry)
  entry.write = compileShape(target, scope, omit)
  scope.open.delete(target)
  return entry.write
}

const scalars: readonly string[] = ['string', 'number', 'integer', 'boolean', 'null']

function compileShape(schema: JsonSchema, scope: Scope, omit: readonly string[]): Serialize {
  const choices = schema.anyOf ?? schema.oneOf
  if (Array.isArray(choices)) {
    const others = choices.filter((choice) => isSchema(choice) && choice.type !== 'null')
    const only: unknown = others[0]
    return others.length === 1 && isSchema(only) ? compile(only, scope, omit) : writeAny
  }

  const type: unknown = Array.isArray(schema.type) ? schema.type.find((name) => name !== 'null') : schema.type
  if (typeof type === 'string' && scalars.includes(type)) return writePlain
  if (type === 'array' && isSchema(schema.items)) return arrayWriter(compile(schema.items, scope))
  if (type === 'object' && schema.additionalProperties === false && isSchema(schema.properties)) return objectWriter(schema.properties, scope, omit)
  return omit.length > 0 ? (value) => writeAny(without(value, omit)) : writeAny
}

function objectWriter(properties: JsonSchema, scope: Scope, omit: readonly string[]): Serialize {
  const fields = Object.entries(properties)
    .filter(([name]) => !omit.includes(name))
    .map(([name, schema]) => ({ name, prefix: `${JSON.stringify(name)}:`, write: isSchema(schema) ? compile(schema, scope) : writeAny }))

  if (omit.length === 0 && fields.every(({ write }) => write === writePlain)) return writePlain
  for (const field of fields) if (field.write === writePlain) field.write = writeScalar

  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof JsonText) return writeAny(value)
    const object = value as Readonly<Record<string, unknown>>
    let text = ''
    for (const { name, prefix, write } of fields) {
      const field = object[name]
      if (field !== undefined) text += text === '' ? prefix + write(field) : `,${prefix}${write(field)}`
    }
    return `{${text}}`
  }
}

function arrayWriter(write: Serialize): Serialize {
  if (write === writePlain) return writePlain
  return (value) => {
    if (!Array.isArray(value)) return writeAny(value)
    let text = ''
    for (let index = 0; index < value.length; index++) text += index === 0 ? write(value[index]) : `,${write(value[index])}`
    return `[${text}]`
  }
}

// eslint-disable-next-line no-control-regex -- these are what JSON must escape
const needsEscape = /["\\\u0000-\u001f\ud800-\udfff]/

/** Ids, versions and times rarely need escapes, and are short: a test and a join beat JSON.stringify there. */
function writeScalar(value: unknown): string {
  return typeof value === 'string' && value.length < 64 && !needsEscape.test(value) ? `"${value}"` : writeAny(value)
}

/** What cannot hold stored text: JSON.stringify writes the whole of it faster than anything in JavaScript. */
function writePlain(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

function writeAny(value: unknown): string {
  return value instanceof JsonText ? value.text : (JSON.stringify(value) ?? 'null')
}

function without(value: unknown, omit: readonly string[]): unknown {
  return isSchema(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => !omit.includes(name))) : value
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema | undefined {
  const reference = schema.$ref
  if (reference === undefined) return schema
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return undefined
  let target: unknown = root
  for (const step of reference.slice(2).split('/')) {
    if (!isSchema(target) || !Object.hasOwn(target, step)) return undefined
    target = target[step]
  }
  return isSchema(target) ? resolve(target, root) : undefined
}
