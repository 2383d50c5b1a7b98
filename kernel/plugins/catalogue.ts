import type { DriverPlugin, ExtensionPlugin } from './definition.ts'
import type { Catalogue } from '../manifest/types.ts'
import type { AnyPort } from '../ports/definition.ts'

/** A plugin's folder in plugins/: its name is its entry. */
export interface BuiltIn {
  readonly port: string
  readonly name: string
  readonly folder: string
}

/** Reads `<port>-<name>` folder names; a folder of no known port is no plugin. */
export function builtInsOf(folders: readonly string[], ports: readonly AnyPort[]): readonly BuiltIn[] {
  return folders.flatMap((folder) => {
    const port = ports.find(({ name }) => folder.startsWith(`${name}-`))
    return port ? [{ port: port.name, name: folder.slice(port.name.length + 1), folder }] : []
  })
}

/** What is known of plugins: built in by folder name, loaded by metadata. Filled by the loader, then only read. */
export class PluginCatalogue implements Catalogue {
  readonly ports: Map<string, AnyPort>
  readonly extensions = new Map<string, ExtensionPlugin>()
  readonly #builtIns: readonly BuiltIn[]
  readonly #drivers = new Map<string, DriverPlugin>()
  readonly #failed = new Set<string>()

  constructor(ports: readonly AnyPort[], builtIns: readonly BuiltIn[]) {
    this.ports = new Map(ports.map((port) => [port.name, port]))
    this.#builtIns = builtIns
  }

  names(port: string): readonly string[] {
    const listed = Array.from(this.#drivers.values(), (plugin) => plugin).filter((plugin) => plugin.port.name === port)
    return [...new Set([...this.#builtIns.filter((one) => one.port === port).map(({ name }) => name), ...listed.map(({ name }) => name)])].sort()
  }

  driver(port: string, name: string): DriverPlugin | undefined {
    return this.#drivers.get(`${port}-${name}`)
  }

  failed(port: string, name: string): boolean {
    return this.#failed.has(`${port}-${name}`)
  }

  builtIn(port: string, name: string): BuiltIn | undefined {
    return this.#builtIns.find((one) => one.port === port && one.name === name)
  }

  /** Adds a loaded driver and, when it brings a port of its own, that port. */
  add(plugin: DriverPlugin): void {
    if (!this.ports.has(plugin.port.name)) this.ports.set(plugin.port.name, plugin.port)
    if (plugin.over && !this.ports.has(plugin.over.name)) this.ports.set(plugin.over.name, plugin.over)
    this.#drivers.set(`${plugin.port.name}-${plugin.name}`, plugin)
  }

  fail(port: string, name: string): void {
    this.#failed.add(`${port}-${name}`)
  }

  get builtIns(): readonly BuiltIn[] {
    return this.#builtIns
  }
}
