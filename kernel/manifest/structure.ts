import type { JsonSchema } from '../json.ts'
import type { DriverPlugin } from '../plugins/definition.ts'
import type { AnyPort } from '../ports/definition.ts'
import { namePattern } from './names.ts'
import { chaosSchema, policiesSchema } from './policy-schema.ts'
import { durationSchema } from './units.ts'

const useSchema = { type: 'string', minLength: 1 }
const withSchema = { type: 'object', description: 'Settings of what stands beside it' }
const needsSchema = { type: 'object', additionalProperties: { type: 'string' }, description: 'The binding that serves each need of the plugin; the one named like its port unless set' }
const startTimeoutSchema = { ...durationSchema, default: '30s', 'x-min': 1, description: 'How long the start may take' }

export const serverSchema = {
  type: 'object',
  description: 'Where and how the server listens',
  additionalProperties: false,
  properties: {
    host: { type: 'string', minLength: 1, default: '127.0.0.1', description: 'The address to listen on' },
    port: { type: 'integer', minimum: 0, maximum: 65_535, default: 7070, description: 'The port to listen on; 0 takes a free one' },
    drainTimeout: { ...durationSchema, default: '10s', 'x-max': 3_600_000, description: 'How long a shutdown waits for calls in flight and for jobs that handlers are doing' },
    logLevel: { enum: ['debug', 'info', 'warn', 'error'], default: 'info', description: 'The least severe level that is logged' },
  },
} as const satisfies JsonSchema

const pluginEntrySchema = {
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'object', additionalProperties: false, required: ['use'], properties: { use: useSchema, with: withSchema, needs: needsSchema, startTimeout: startTimeoutSchema } },
  ],
}

/** The manifest's outermost keys; the entries of `connections` and `ports` have schemas of their own. */
export const rootSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['version'],
  properties: {
    version: { const: 1, description: 'The version of this format' },
    name: { type: 'string', pattern: namePattern, default: 'portico', description: 'The name of the application' },
    server: serverSchema,
    plugins: { type: 'array', items: pluginEntrySchema, maxItems: 256, description: 'Code beyond the built-in plugins: packages or paths' },
    connections: { type: 'object', propertyNames: { pattern: namePattern }, additionalProperties: { type: 'object' }, description: 'Backends that bindings stand on' },
    ports: { type: 'object', additionalProperties: { type: 'object' }, description: 'Bindings: a port, or <port>.<name>, tied to a driver' },
    policies: policiesSchema,
    chaos: chaosSchema,
  },
} as const satisfies JsonSchema

/** An entry of `connections`. */
export const connectionSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['use'],
  properties: { use: { ...useSchema, description: 'The driver of the connection' }, with: withSchema, startTimeout: startTimeoutSchema },
} as const satisfies JsonSchema

/** What `on` takes: the name of a connection, or one of the binding's own. */
export const onSchema = { anyOf: [{ type: 'string', minLength: 1 }, connectionSchema], description: 'The connection it stands on: a name of `connections`, or one of its own' } as const satisfies JsonSchema

/** A driver in a list of them: one that takes over, or one that another is made of. */
export const fallbackSchema = {
  type: 'object',
  additionalProperties: false,
  properties: { use: useSchema, on: { type: 'string', minLength: 1 }, with: withSchema },
} as const satisfies JsonSchema

/** An entry of `fallback` of this port. */
export function fallbackOf({ fallback }: AnyPort): JsonSchema {
  if (!fallback?.causes) return fallbackSchema
  const words = Object.entries(fallback.causes)
  const when = { type: 'array', minItems: 1, maxItems: words.length, items: { enum: words.map(([word]) => word) }, description: `The failures that it is for; all unless set. ${words.map(([word, meaning]) => `${word}: ${meaning}`).join('; ')}` }
  return { ...fallbackSchema, properties: { ...fallbackSchema.properties, when } }
}

/** What every binding has, whatever its port. */
export const baseKeys = {
  use: { ...useSchema, description: 'A driver that needs no connection' },
  // What stands in a connection of its own is judged as one of `connections`.
  on: { type: ['string', 'object'], minLength: 1, description: onSchema.description },
  with: withSchema,
  fallback: { type: 'array', minItems: 1, items: fallbackSchema, description: 'Drivers that take over, in order' },
  optional: { type: 'boolean', default: false, description: 'Its failure does not make the server unready' },
  expose: { type: 'boolean', default: true, description: 'Reachable over HTTP' },
  needs: needsSchema,
  startTimeout: startTimeoutSchema,
  policy: { type: 'string', minLength: 1, description: 'The policy of `policies` that its calls keep' },
} as const satisfies Readonly<Record<string, unknown>>

const bindingSchemas = new WeakMap<AnyPort, JsonSchema>()

/** An entry of `ports`: what every binding has, and the port's own keys, whichever its drivers are. */
function closedSchema(port: AnyPort): JsonSchema {
  let schema = bindingSchemas.get(port)
  if (!schema) {
    const properties = { ...(port.keys.properties ?? {}), ...baseKeys, fallback: port.fallback ? { ...baseKeys.fallback, items: fallbackOf(port) } : { not: {}, description: `${port.name} has no fallback: which failures it could answer is not declared` } }
    schema = { ...port.keys, type: 'object', additionalProperties: false, properties }
    bindingSchemas.set(port, schema)
  }
  return schema
}

/** What of a driver shapes the schema of its binding. */
type Shaping = Pick<DriverPlugin, 'entry'>

/** In place of a driver that is not known. */
export const anyDriver: Shaping = { entry: { additionalProperties: true } }

interface OpenSchema {
  readonly entries: readonly JsonSchema[]
  readonly schema: JsonSchema
}

/** Few at a time: one for each set of drivers that bindings of one port have. */
const openSchemas = new WeakMap<AnyPort, OpenSchema[]>()
const maxOpenSchemas = 32

/**
 * An entry of `ports` that is tied to these drivers: in the port's `open` key each entry takes what any of them declares,
 * and must have what one of them requires.
 */
export function bindingSchema(port: AnyPort, drivers: readonly Shaping[] = []): JsonSchema {
  const entries = [...new Set(drivers.map(({ entry }) => entry).filter((entry) => entry !== undefined))]
  if (port.open === undefined || entries.length === 0) return closedSchema(port)

  const made = openSchemas.get(port) ?? []
  openSchemas.set(port, made)
  const known = made.find((one) => one.entries.length === entries.length && one.entries.every((entry, index) => entry === entries[index]))
  if (known) return known.schema

  const schema = openTo(closedSchema(port), port.open, entries)
  made.push({ entries, schema })
  if (made.length > maxOpenSchemas) made.shift()
  return schema
}

function openTo(schema: JsonSchema, key: string, entries: readonly JsonSchema[]): JsonSchema {
  const properties = schema.properties as Readonly<Record<string, JsonSchema>>
  const map = properties[key] ?? {}
  // definePort's contract: an open key is a map of object schemas.
  const own = map.additionalProperties as JsonSchema
  const required = [...new Set([own, ...entries].flatMap((entry) => (entry.required ?? []) as readonly string[]))]
  const entry = {
    ...own,
    properties: Object.assign({}, ...entries.map((one) => one.properties), own.properties) as Readonly<Record<string, JsonSchema>>,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: entries.some(({ additionalProperties }) => additionalProperties === true),
  }
  return { ...schema, properties: { ...properties, [key]: { ...map, additionalProperties: entry } } }
}
