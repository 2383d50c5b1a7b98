import type { JsonSchema } from '../json.ts'
import type { DriverPlugin, Plugin } from '../plugins/definition.ts'
import type { AnyPort } from '../ports/definition.ts'
import { driverSettings } from '../plugins/inner-drivers.ts'
import { settingsSchema } from './drivers.ts'
import { namePattern } from './names.ts'
import { baseKeys, bindingSchema, connectionSchema, fallbackOf, fallbackSchema, rootSchema } from './structure.ts'

/** What an editor takes for a reference in place of any single value. */
const reference = { type: 'string', pattern: '\\$\\{(env|secret|file):[^}]+\\}' } as const

/**
 * The JSON Schema (draft 2020-12) of manifests over these ports and plugins, for completion and hover in editors.
 * It is what the checker judges by, and each single value also admits a reference.
 */
export function manifestSchema(ports: readonly AnyPort[], plugins: readonly Plugin[]): JsonSchema {
  const drivers = plugins.filter((plugin): plugin is DriverPlugin => plugin.port !== undefined).toSorted(byName)
  const outer = ports.filter((port) => !port.inner).toSorted(byName)
  const connections = drivers.filter((plugin) => plugin.port.inner)
  const entries = Object.fromEntries(outer.flatMap((port) => {
    const entry = { $ref: `#/$defs/${port.name}` }
    return [[`^${port.name}$`, entry], [`^${port.name}\\.${namePattern.slice(1)}`, entry]]
  }))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Portico manifest',
    ...rootSchema,
    properties: {
      ...withReferences(rootSchema.properties) as Readonly<Record<string, JsonSchema>>,
      version: rootSchema.properties.version,
      connections: { ...rootSchema.properties.connections, additionalProperties: { $ref: '#/$defs/connection' } },
      ports: { ...rootSchema.properties.ports, patternProperties: entries, additionalProperties: false },
    },
    $defs: {
      connection: entrySchema(connectionSchema, connections),
      ...Object.fromEntries(outer.map((port) => [port.name, portEntry(port, drivers)])),
    },
  }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}

function portEntry(port: AnyPort, drivers: readonly DriverPlugin[]): JsonSchema {
  const own = drivers.filter((plugin) => plugin.port.name === port.name && !plugin.over)
  // What a driver requires of an entry depends on the binding's drivers, so an editor is told only what there is.
  const shaping = own.flatMap(({ entry }) => (entry ? { entry: { ...entry, required: [] } } : []))
  const schema = bindingSchema(port, shaping)
  const properties = schema.properties as Readonly<Record<string, JsonSchema>>
  const on = { anyOf: [{ type: 'string' }, { $ref: '#/$defs/connection' }], description: baseKeys.on.description }
  const fallback = port.fallback ? { fallback: { ...baseKeys.fallback, items: entrySchema(fallbackOf(port), own) } } : {}
  return { description: port.summary, ...entrySchema({ ...schema, properties: { ...properties, on, ...fallback } }, own), not: { required: ['use', 'on'] } }
}

/** An entry whose `with` follows from its `use`. */
function entrySchema(schema: JsonSchema, drivers: readonly DriverPlugin[]): JsonSchema {
  const { use, with: settings, ...properties } = schema.properties as Readonly<Record<string, JsonSchema>>
  const choices = drivers.map((plugin) => ({
    if: { required: ['use'], properties: { use: { const: plugin.name } } },
    then: { properties: { with: withReferences(settingsOf(plugin, drivers)) } },
  }))
  const described = drivers.map((plugin) => ({ const: plugin.name, description: plugin.summary }))
  return {
    ...schema,
    properties: {
      // A plugin that is listed in the manifest brings names that are not known here.
      use: { ...use, anyOf: [...described, { type: 'string' }] },
      with: settings,
      ...withReferences(properties) as Readonly<Record<string, JsonSchema>>,
    },
    ...(choices.length > 0 ? { allOf: choices } : {}),
  }
}

/** The settings of a plugin; a driver that stands in one of them is described as far as it holds none itself. */
function settingsOf(plugin: DriverPlugin, drivers: readonly DriverPlugin[]): JsonSchema {
  const schema = settingsSchema(plugin)
  const holding = driverSettings(plugin.settings)
  if (holding.length === 0) return schema
  const properties = schema.properties as Readonly<Record<string, JsonSchema>>
  const items = entrySchema(fallbackSchema, drivers.filter(({ settings }) => driverSettings(settings).length === 0))
  return { ...schema, properties: { ...properties, ...Object.fromEntries(holding.map((name) => [name, { ...properties[name], items }])) } }
}

/** The schema with each single value open to a reference; private keywords stay out, for editors do not know them. */
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences)
  if (typeof value !== 'object' || value === null) return value
  const schema = value as JsonSchema
  const known = Object.entries(schema).filter(([keyword]) => !keyword.startsWith('x-'))
  if (!isScalarSchema(schema)) return Object.fromEntries(known.map(([keyword, inner]) => [keyword, keyword === 'default' ? inner : withReferences(inner)]))

  const { description, default: fallback, writeOnly, ...judging }: JsonSchema = Object.fromEntries(known)
  return {
    ...(description === undefined ? {} : { description }), ...(fallback === undefined ? {} : { default: fallback }), ...(writeOnly === undefined ? {} : { writeOnly }),
    anyOf: [judging, reference],
  }
}

function isScalarSchema(schema: JsonSchema): boolean {
  if (Array.isArray(schema.enum)) return true
  return typeof schema.type === 'string' && ['string', 'integer', 'number', 'boolean'].includes(schema.type)
}
