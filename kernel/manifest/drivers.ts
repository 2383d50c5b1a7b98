import satisfies from 'semver/functions/satisfies.js'
import validRange from 'semver/ranges/valid.js'
import type { JsonSchema } from '../json.ts'
import type { DriverPlugin, Plugin } from '../plugins/definition.ts'
import { driverSettings } from '../plugins/inner-drivers.ts'
import type { DriversSetting, SettingsSchema } from '../plugins/settings.ts'
import type { AnyPort } from '../ports/definition.ts'
import { kernelVersion } from '../version.ts'
import { namesIn } from './checking.ts'
import type { Checking } from './checking.ts'
import { childOf, nodeAt, textAt } from './nodes.ts'
import type { Path } from './nodes.ts'
import { resolveSettings } from './settings.ts'
import { isDrivers, toJsonSchema } from './settings-schema.ts'
import { didYouMean } from './suggest.ts'
import type { Catalogue, DriverSpec } from './types.ts'

const schemas = new WeakMap<SettingsSchema, JsonSchema>()

/** The JSON Schema of a plugin's settings, made once. */
export function settingsSchema(plugin: Plugin): JsonSchema {
  let schema = schemas.get(plugin.settings)
  if (!schema) schemas.set(plugin.settings, (schema = toJsonSchema(plugin.settings)))
  return schema
}

/** The connection driver of this name and its inner port. */
export function connectionDriver(catalogue: Catalogue, use: string): DriverPlugin | undefined {
  for (const port of innerPorts(catalogue)) {
    const plugin = catalogue.driver(port.name, use)
    if (plugin) return plugin
  }
  return undefined
}

export function innerPorts(catalogue: Catalogue): readonly AnyPort[] {
  return [...catalogue.ports.values()].filter((port) => port.inner === true)
}

/** The driver that an entry of `ports`, or one of its fallbacks, is tied to; undefined when it was refused. */
export function checkDriver(checking: Checking, port: AnyPort, path: Path, heldName?: string): DriverSpec | undefined {
  const { root, catalogue } = checking
  const [use, on] = [nodeAt(root, [...path, 'use']), nodeAt(root, [...path, 'on'])]
  if (use && on) {
    checking.refuse([...path, 'use'], 'an entry has `on` or `use`, not both: `use` names a driver that needs no connection')
    return undefined
  }
  if (!use && !on) {
    checking.refuse(path, `has no driver; write ${choices(catalogue, port)}`)
    return undefined
  }
  if (use) return checkUse(checking, port, path)

  const connection = on?.kind === 'map' ? heldName : textAt(on, [])
  const found = connection === undefined ? undefined : checkOn(checking, port, [...path, 'on'], connection)
  return found && connection !== undefined ? { ...found, on: connection } : undefined
}

function checkUse(checking: Checking, port: AnyPort, path: Path): DriverSpec | undefined {
  const name = textAt(checking.root, [...path, 'use'])
  if (name === undefined) return undefined
  const { catalogue } = checking
  const plugin = catalogue.driver(port.name, name)
  if (!plugin) {
    if (!catalogue.failed(port.name, name)) checking.refuse([...path, 'use'], unknownDriver(catalogue, port, name))
    return undefined
  }
  if (plugin.over) {
    checking.refuse([...path, 'use'], `the driver "${name}" stands on a connection; write \`on\` with the name of one instead of \`use: ${name}\``)
    return undefined
  }
  return madeOf(checking, port, plugin, path)
}

/** The driver with its settings, and with the drivers that some of them hold. */
function madeOf(checking: Checking, port: AnyPort, plugin: DriverPlugin, path: Path): DriverSpec {
  const settings = checkSettings(checking, plugin, path)
  const holding = driverSettings(plugin.settings)
  if (holding.length === 0) return { plugin, settings }
  return { plugin, settings, inner: Object.fromEntries(holding.map((name) => [name, checkDrivers(checking, port, [...path, 'with', name], placesOf(plugin, name))])) }
}

/** Each driver of a list; what is none by its form is refused with the list. */
function checkDrivers(checking: Checking, port: AnyPort, path: Path, places: DriversSetting['places']): readonly DriverSpec[] {
  const list = nodeAt(checking.root, path)
  if (list?.kind !== 'list') return []
  return list.items.flatMap((item, index) => {
    if (item.kind !== 'map' || childOf(item, 'on')?.kind === 'map') return []
    const driver = checkDriver(checking, port, [...path, String(index)])
    const misplaced = driver && whyMisplaced(driver, places?.[index])
    if (misplaced !== undefined) checking.refuse([...path, String(index)], misplaced)
    return driver ?? []
  })
}

function placesOf({ settings }: DriverPlugin, name: string): DriversSetting['places'] {
  const setting = settings[name]
  return setting && isDrivers(setting) ? setting.places : undefined
}

function whyMisplaced({ plugin, inner }: DriverSpec, place: 'connection' | 'process' | undefined): string | undefined {
  if (place === 'connection' && !plugin.over) return `"${plugin.name}" is in this process alone, and this place is for what replicas share; write \`on\` with the name of a connection`
  if (place === 'process' && (plugin.over || inner)) return `"${plugin.name}" is not in this process alone, as the driver in this place must be; write \`use\` with one that is`
  return undefined
}

function unknownDriver(catalogue: Catalogue, port: AnyPort, name: string): string {
  if (connectionDriver(catalogue, name) || innerPorts(catalogue).some((inner) => catalogue.names(inner.name).includes(name))) {
    return `"${name}" is a connection; write \`on: { use: ${name}, with: … }\`, or declare it under connections`
  }
  return `${port.name} has no driver "${name}"${didYouMean(name, catalogue.names(port.name)) || `; write ${choices(catalogue, port)}`}`
}

/** `on` a connection that is not there, or of a kind that the port has no driver for. */
function checkOn(checking: Checking, port: AnyPort, path: Path, connection: string): Omit<DriverSpec, 'on'> | undefined {
  const { catalogue, connections, root } = checking
  const declared = namesIn(root, 'connections')
  if (nodeAt(root, path)?.kind !== 'map' && !declared.includes(connection) && connections.has(connection)) {
    checking.refuse(path, `"${connection}" holds a connection of its own; to share it, declare it under connections`)
    return undefined
  }
  if (!connections.has(connection)) {
    checking.refuse(path, `there is no connection "${connection}"${didYouMean(connection, declared)}${declared.length === 0 ? '; declare it under connections' : ''}`)
    return undefined
  }
  const inner = connections.get(connection)?.plugin.port
  if (!inner) return undefined

  const plugin = catalogue.driver(port.name, inner.name)
  if (plugin?.over?.name === inner.name) return madeOf(checking, port, plugin, path.slice(0, -1))
  if (!catalogue.failed(port.name, inner.name)) checking.refuse(path, `${port.name} has no driver over ${inner.name}, which "${connection}" is; write ${choices(catalogue, port)}`)
  return undefined
}

function choices(catalogue: Catalogue, port: AnyPort): string {
  const inner = new Set(innerPorts(catalogue).map(({ name }) => name))
  const names = catalogue.names(port.name)
  const over = names.filter((name) => inner.has(name)).map((name) => `\`on\` a connection to ${name}`)
  const plain = names.filter((name) => !inner.has(name)).map((name) => `\`use: ${name}\``)
  return [...over, ...plain].join(' or ') || `\`use\` with a driver of ${port.name}, listed under plugins`
}

/** The settings in the `with` of an entry, judged and resolved; also refuses a plugin that was built for another kernel. */
export function checkSettings(checking: Checking, plugin: Plugin, path: Path): Readonly<Record<string, unknown>> {
  checkKernelRange(checking, plugin, path)
  const at = [...path, 'with']
  // What is no map was refused with the entry.
  if ((nodeAt(checking.root, at)?.kind ?? 'map') !== 'map') return {}
  const judged = checking.judge(settingsSchema(plugin), at, { noun: 'setting', secrets: true, apart: driverSettings(plugin.settings).map((name) => [name, '*', 'with']) })
  if (!judged || typeof judged.value !== 'object' || judged.value === null) return {}
  return checking.guard(at, () => resolveSettings(plugin.settings, judged.value as Readonly<Record<string, unknown>>, checking.units(at))) ?? {}
}

function checkKernelRange(checking: Checking, plugin: Plugin, path: Path): void {
  const at = nodeAt(checking.root, [...path, 'use']) ? [...path, 'use'] : nodeAt(checking.root, [...path, 'on']) ? [...path, 'on'] : path
  if (validRange(plugin.kernel) === null) checking.refuse(at, `the plugin "${plugin.name}" says it was built for the kernel ${JSON.stringify(plugin.kernel)}, which is not a range of versions`)
  else if (!satisfies(kernelVersion, plugin.kernel, { includePrerelease: true })) checking.refuse(at, `the plugin "${plugin.name}" was built for the kernel ${plugin.kernel}, and this is ${kernelVersion}; take another version of the plugin`)
}
