import type { DriverPlugin } from '../../plugins/definition.ts'
import { kernelVersion } from '../../version.ts'
import { knownPlugins } from '../known-plugins.ts'
import type { CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

interface Row {
  /** Empty for an extension. */
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

/** Every built-in plugin, and what the manifest lists beside them. */
export async function plugins(flags: CommonFlags, terminal: Terminal): Promise<Outcome> {
  const { builtIn, listed, extensions } = await knownPlugins(flags, terminal)
  const rows: Row[] = [
    ...builtIn.map((plugin) => rowOf(plugin, 'built in')),
    ...listed.map((plugin) => rowOf(plugin, 'manifest')),
    ...Array.from(extensions, ([specifier, { name, version = '', summary }]) => ({ port: '', name, version, from: specifier, over: '', capabilities: [], sdk: {}, summary })),
  ]

  const header = ['port', 'plugin', 'version', 'from', 'over', 'summary', 'capabilities']
  return {
    status: 0,
    json: { plugins: rows },
    text: (paint) => renderTable(header, rows.map((row) => [row.port, { text: row.name, style: 'bold' }, row.version, row.from, row.over, row.summary, row.capabilities.join(' ')]), paint),
  }
}

function rowOf({ port, name, version = kernelVersion, over, capabilities, sdk, summary }: DriverPlugin, from: string): Row {
  return { port: port.name, name, version, from, over: over?.name ?? '', capabilities, sdk, summary }
}
