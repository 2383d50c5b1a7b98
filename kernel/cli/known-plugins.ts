import { existsSync } from 'node:fs'
import { Problems } from '../manifest/problems.ts'
import { readManifest } from '../manifest/read.ts'
import { wantedPlugins } from '../manifest/wanted.ts'
import type { PluginCatalogue } from '../plugins/catalogue.ts'
import type { DriverPlugin, ExtensionPlugin } from '../plugins/definition.ts'
import { loadAllBuiltIns, loadPlugins } from '../plugins/loader.ts'
import type { AnyPort } from '../ports/definition.ts'
import { manifestOptions, sourceOf, type CommonFlags } from './options.ts'
import type { Terminal } from './terminal.ts'

/** Everything that a manifest can use. */
export interface KnownPlugins {
  readonly ports: readonly AnyPort[]
  readonly builtIn: readonly DriverPlugin[]
  /** Drivers and extensions that the manifest lists, by what it calls them. */
  readonly listed: readonly DriverPlugin[]
  readonly extensions: ReadonlyMap<string, ExtensionPlugin>
}

/**
 * The built-in plugins, and those that the manifest lists, when there is one. Whatever else is wrong with the manifest
 * is no matter here: who asks which plugins there are may just be mending it.
 */
export async function knownPlugins(flags: CommonFlags, terminal: Terminal): Promise<KnownPlugins> {
  const all = await loadAllBuiltIns()
  const builtIn = driversOf(all)
  const source = sourceOf(flags)
  if (flags.file === undefined && !existsSync(source.path)) return { ports: [...all.ports.values()], builtIn, listed: [], extensions: new Map() }

  const problems = new Problems()
  const raw = await readManifest(source, manifestOptions(flags, terminal), problems)
  if (!raw) throw problems.toError()
  const catalogue = await loadPlugins(wantedPlugins(raw), raw.directory, problems)

  const known = new Set(builtIn.map(({ port, name }) => `${port.name}-${name}`))
  const listed = driversOf(catalogue).filter(({ port, name }) => !known.has(`${port.name}-${name}`))
  return { ports: [...new Map([...catalogue.ports, ...all.ports]).values()], builtIn, listed, extensions: catalogue.extensions }
}

function driversOf(catalogue: PluginCatalogue): readonly DriverPlugin[] {
  return Array.from(catalogue.ports.keys()).flatMap((port) => catalogue.names(port).flatMap((name) => catalogue.driver(port, name) ?? []))
}
