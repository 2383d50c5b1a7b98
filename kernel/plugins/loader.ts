import { readdir } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Problems } from '../manifest/problems.ts'
import type { WantedPlugins } from '../manifest/raw.ts'
import type { Position } from '../manifest/types.ts'
import type { ScriptFile } from '../manifest/units.ts'
import { builtInPorts } from '../ports/index.ts'
import { builtInsOf, PluginCatalogue, type BuiltIn } from './catalogue.ts'
import { pluginBrand, type Plugin } from './definition.ts'
import { resolveSpecifier } from './resolve.ts'

/** A plugin's import does nothing but declare; one that waits for something would hold up a start for ever. */
const importTimeoutMs = 30_000

const folderOfPlugins = new URL('../../plugins/', import.meta.url)
const ownExtension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** The catalogue before anything is loaded: ports, and the names of the built-in plugins. */
export async function readCatalogue(folder: URL = folderOfPlugins): Promise<PluginCatalogue> {
  const folders = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return new PluginCatalogue(builtInPorts, builtInsOf(folders.sort(), builtInPorts))
}

/**
 * Imports what the manifest wants, metadata only: the listed plugins in order, then the built-in drivers in use.
 * What cannot be loaded becomes a problem at the entry that names it.
 */
export async function loadPlugins(wanted: WantedPlugins, directory: string, problems: Problems, timeoutMs = importTimeoutMs, folder = folderOfPlugins): Promise<PluginCatalogue> {
  const catalogue = await readCatalogue(folder)
  const namedBy = new Map<string, string>()
  for (const entry of wanted.listed) await loadListed(entry, directory, catalogue, namedBy, problems, timeoutMs)

  const used = [...connectionsOf(wanted, catalogue), ...wanted.drivers.map(({ port, use }) => ({ port, name: use }))]
  for (const { port, name } of used) await loadBuiltIn(catalogue.builtIn(port, name), catalogue, folder, problems)

  // Which driver stands on a connection follows from the connection's port, known once that plugin is loaded.
  for (const { port, connectionUse } of wanted.over) {
    const inner = innerPortOf(connectionUse, catalogue)
    if (inner !== undefined) await loadBuiltIn(catalogue.builtIn(port, inner), catalogue, folder, problems)
  }
  return catalogue
}

/** Loads every built-in plugin: for `portico plugins`, the generated schemas and docs. */
export async function loadAllBuiltIns(): Promise<PluginCatalogue> {
  const catalogue = await readCatalogue()
  for (const builtIn of catalogue.builtIns) await loadBuiltIn(builtIn, catalogue, folderOfPlugins)
  return catalogue
}

/** The inner port that has a driver of this name. */
export function innerPortOf(use: string, catalogue: PluginCatalogue): string | undefined {
  return Array.from(catalogue.ports.values()).find((port) => port.inner && catalogue.names(port.name).includes(use))?.name
}

function connectionsOf(wanted: WantedPlugins, catalogue: PluginCatalogue): { port: string; name: string }[] {
  return [...new Set(wanted.connections)].flatMap((use) => {
    const port = innerPortOf(use, catalogue)
    return port === undefined ? [] : [{ port, name: use }]
  })
}

/** Loads every built-in driver of a port, so that it can be told what each can do. */
export async function loadDriversOf(port: string, catalogue: PluginCatalogue, problems: Problems): Promise<void> {
  for (const builtIn of catalogue.builtIns) if (builtIn.port === port) await loadBuiltIn(builtIn, catalogue, folderOfPlugins, problems)
}

async function loadBuiltIn(builtIn: BuiltIn | undefined, catalogue: PluginCatalogue, folder: URL, problems?: Problems): Promise<void> {
  if (!builtIn || catalogue.driver(builtIn.port, builtIn.name) || catalogue.failed(builtIn.port, builtIn.name)) return
  try {
    const plugin = await importPlugin(new URL(`${builtIn.folder}/index.${ownExtension}`, folder))
    if (plugin?.port) catalogue.add(plugin)
  } catch (error) {
    if (!problems) throw error
    // An incomplete installation: told once, and not again by who looks for the driver.
    problems.add({ message: `a built-in plugin is broken: ${explainImport(builtIn.folder, error)}; install portico again` })
    catalogue.fail(builtIn.port, builtIn.name)
  }
}

async function loadListed(
  { specifier, at, path }: { readonly specifier: string; readonly at?: Position | undefined; readonly path: string },
  directory: string,
  catalogue: PluginCatalogue,
  namedBy: Map<string, string>,
  problems: Problems,
  timeoutMs: number,
): Promise<void> {
  const refuse = (message: string) => { problems.add({ ...(at ? { at } : {}), path, message }) }
  let plugin: Plugin | undefined
  try {
    plugin = await within(timeoutMs, importPlugin(await resolveSpecifier(specifier, directory)))
  } catch (error) {
    refuse(explainImport(specifier, error))
    return
  }
  if (!plugin) {
    refuse(`${specifier} has no plugin as its default export; make one with definePlugin of portico/plugin`)
    return
  }
  if (!plugin.port) {
    catalogue.extensions.set(specifier, plugin)
    return
  }

  const key = `${plugin.port.name}-${plugin.name}`
  const earlier = namedBy.get(key) ?? (catalogue.builtIn(plugin.port.name, plugin.name) ? 'a built-in plugin' : undefined)
  if (earlier !== undefined) {
    refuse(`${specifier} and ${earlier} are both named "${plugin.name}" for the port ${plugin.port.name}; list one of them`)
    return
  }
  namedBy.set(key, specifier)
  catalogue.add(plugin)
}

/** Imports a file of the application's owner: what a manifest names and no plugin is. One that was edited is imported anew. */
export async function importScript({ path, sha256 }: ScriptFile): Promise<unknown> {
  return within(importTimeoutMs, import(`${pathToFileURL(path).href}?sha256=${sha256}`) as Promise<unknown>)
}

async function within<T>(timeoutMs: number, imported: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => { reject(new Error(`it was not imported within ${timeoutMs} ms`)) }, timeoutMs) })
  try {
    return await Promise.race([imported, late])
  } finally {
    clearTimeout(timer)
  }
}

async function importPlugin(url: URL): Promise<Plugin | undefined> {
  const { default: plugin } = (await import(url.href)) as { readonly default?: unknown }
  return isPlugin(plugin) ? plugin : undefined
}

function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && pluginBrand in value
}

function explainImport(specifier: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    const missing = /Cannot find (?:module|package) '([^']+)'/.exec(error instanceof Error ? error.message : '')?.[1] ?? specifier
    const name = missing.startsWith('file:') ? fileURLToPath(missing) : missing
    if (name === specifier && !/^[./]/.test(specifier)) return `the package ${specifier} is not installed beside the manifest: npm install ${specifier}`
    return missing.endsWith(specifier.replace(/^\.\//, '')) ? `there is no file ${specifier}` : `${specifier} imports ${missing.split('/').at(-1) ?? missing}, which is not there`
  }
  const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
  return `importing ${specifier} failed: ${reason ?? 'for an unknown reason'}`
}
