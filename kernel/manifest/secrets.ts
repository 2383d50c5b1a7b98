import { resolve } from 'node:path'
import { errorsOfValue } from './ajv.ts'
import { secretVariable } from './environment.ts'
import { faultsOf } from './faults.ts'
import { isSecretReference } from './judge.ts'
import type { Problems } from './problems.ts'
import type { SettingsSchema } from '../plugins/settings.ts'
import { convertText } from './settings.ts'
import { withInner } from '../plugins/inner-drivers.ts'
import { isDrivers, isGroup } from './settings-schema.ts'
import { bindingSchema } from './structure.ts'
import type { DriverSpec, Manifest, SecretReference } from './types.ts'
import { branchFor, itemSchema, resolveUnits } from './units.ts'
import type { JsonSchema } from '../json.ts'

/**
 * The manifest with every secret read and filled in; what was filled is still judged by its setting's schema.
 * A secret that is not there is a problem where it is wanted. No problem repeats a secret.
 */
export function fillSecrets(manifest: Manifest, read: (name: string) => string | undefined, problems: Problems): Manifest {
  const fill = (value: unknown): unknown => {
    if (isSecretReference(value)) return fillOne(value, manifest.directory, read, problems)
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item)]))
  }
  const filled = <T extends Pick<DriverSpec, 'settings' | 'inner'>>(spec: T): T => ({
    ...spec, settings: fill(spec.settings) as DriverSpec['settings'],
    ...(spec.inner && { inner: Object.fromEntries(Object.entries(spec.inner).map(([name, drivers]) => [name, drivers.map(filled)])) }),
  })

  return {
    ...manifest,
    connections: manifest.connections.map(filled),
    bindings: manifest.bindings.map((spec) => ({ ...filled(spec), keys: fill(spec.keys), fallback: spec.fallback.map(filled) })),
    extensions: manifest.extensions.map(filled),
  }
}

/** The texts of a filled manifest that are shown nowhere: what sensitive settings and keys hold, and passwords in URLs. */
export function sensitiveTexts({ connections, bindings, extensions }: Manifest): readonly string[] {
  const specs = [...connections, ...[...bindings, ...bindings.flatMap(({ fallback }) => fallback)].flatMap(withInner), ...extensions]
  return [...specs.flatMap(({ plugin, settings }) => textsOf(plugin.settings, settings)), ...bindings.flatMap((spec) => textsOfKeys(bindingSchema(spec.port, [spec, ...spec.fallback].map(({ plugin }) => plugin)), spec.keys, false))]
}

/** The texts below a `writeOnly` key of a port. */
function textsOfKeys(schema: JsonSchema, value: unknown, hidden: boolean): readonly string[] {
  const chosen = value === undefined ? schema : branchFor(schema, value)
  const hides = hidden || chosen.writeOnly === true
  if (typeof value === 'string') return hides ? [value] : []
  if (typeof value !== 'object' || value === null || chosen['x-portico'] === 'document') return []
  if (Array.isArray(value)) return value.flatMap((item, index) => textsOfKeys(itemSchema(chosen, index), item, hides))
  const properties = (chosen.properties ?? {}) as Readonly<Record<string, JsonSchema>>
  const rest = typeof chosen.additionalProperties === 'object' ? (chosen.additionalProperties as JsonSchema) : {}
  return Object.entries(value).flatMap(([name, item]) => textsOfKeys(Object.hasOwn(properties, name) ? (properties[name] ?? {}) : rest, item, hides))
}

function textsOf(declared: SettingsSchema, settings: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(declared).flatMap(([name, setting]) => {
    const value = settings[name]
    if (isDrivers(setting)) return []
    if (isGroup(setting)) return textsOf(setting, (value ?? {}) as Readonly<Record<string, unknown>>)
    const texts = typeof value === 'object' && value !== null ? Object.values(value) : [value]
    return texts.filter((text) => typeof text === 'string').flatMap((text) => (setting.sensitive ? text : passwordOf(text)))
  })
}

function passwordOf(text: string): readonly string[] {
  const password = URL.canParse(text) ? new URL(text).password : ''
  return password === '' ? [] : [password]
}

function fillOne({ pieces, path, at, schema }: SecretReference, directory: string, read: (name: string) => string | undefined, problems: Problems): unknown {
  const texts = pieces.map((piece) => {
    if (typeof piece === 'string') return piece
    const text = read(piece.name)
    if (text === undefined) problems.add({ at, path, message: `the secret "${piece.name}" is not set; set ${secretVariable(piece.name)}` })
    return text
  })
  if (texts.includes(undefined)) return undefined

  const value = convertText(schema, texts.join(''))
  const faults = faultsOf(errorsOfValue(schema, value), 'key')
  for (const fault of faults) problems.add({ at, path, message: `the secret that stands here ${fault.message(true)}` })
  if (faults.length > 0) return undefined
  return resolveUnits(schema, value, { absolute: (file) => resolve(directory, file), load: () => undefined, scripts: () => [] })
}
