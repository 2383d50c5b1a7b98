import { existsSync } from 'node:fs'
import { check } from '../../boot.ts'
import type { PluginCatalogue } from '../../plugins/catalogue.ts'
import type { DriverPlugin } from '../../plugins/definition.ts'
import { loadAllBuiltIns } from '../../plugins/loader.ts'
import { kernelVersion } from '../../version.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface Row {
  readonly port: string
  readonly name: string
  readonly version: string
  readonly from: string
  /** The inner port of the connection it stands on. */
  readonly over: string
  readonly capabilities: readonly string[]
  readonly sdk: Readonly<Record<string, string>>
  readonly summary: string
}

/** Every built-in plugin, and what the manifest lists beside them, when there is one. */
export async function plugins(flags: CommonFlags, terminal: Terminal): Promise<Outcome> {
  const builtIn = driversOf(await loadAllBuiltIns())
  const known = new Set(builtIn.map(keyOf))
  const source = sourceOf(flags)
  const listed = flags.file !== undefined || existsSync(source.path) ? (await check(source, manifestOptions(flags, terminal))).catalogue : undefined

  const rows: Row[] = [
    ...builtIn.map((plugin) => rowOf(plugin, 'built in')),
    ...(listed ? driversOf(listed).filter((plugin) => !known.has(keyOf(plugin))).map((plugin) => rowOf(plugin, 'manifest')) : []),
    ...Array.from(listed?.extensions ?? [], ([specifier, { name, version = '', summary }]) => ({ port: '', name, version, from: specifier, over: '', capabilities: [], sdk: {}, summary })),
  ]
  const header = ['port', 'plugin', 'version', 'from', 'over', 'capabilities', 'summary']
  return {
    status: 0,
    json: { plugins: rows },
    text: (paint) => renderTable(header, rows.map((row) => [row.port, { text: row.name, style: 'bold' }, row.version, row.from, row.over, row.capabilities.join(' '), row.summary]), paint),
  }
}

function driversOf(catalogue: PluginCatalogue): readonly DriverPlugin[] {
  return Array.from(catalogue.ports.keys()).flatMap((port) => catalogue.names(port).flatMap((name) => catalogue.driver(port, name) ?? []))
}

function rowOf({ port, name, version = kernelVersion, over, capabilities, sdk, summary }: DriverPlugin, from: string): Row {
  return { port: port.name, name, version, from, over: over?.name ?? '', capabilities, sdk, summary }
}

function keyOf({ port, name }: DriverPlugin): string {
  return `${port.name}-${name}`
}
