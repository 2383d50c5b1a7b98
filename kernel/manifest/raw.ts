import { childOf, emptyMap, entriesOf, nodeAt, textAt, valuePosition } from './nodes.ts'
import type { Node } from './nodes.ts'
import type { Position } from './types.ts'

/** A manifest as it was written, with overlay and overrides applied; nothing is checked yet. */
export interface RawManifest {
  /** As it was given, for reports and `portico explain`. */
  readonly path: string
  /** Absolute: what relative paths start at. */
  readonly directory: string
  /** Of the files' bytes, in the order they were read. */
  readonly sha256: string
  readonly root: Node
  /** It could not be read: its problems are told already, and the rest cannot be judged. */
  readonly broken: boolean
}

/** What a text wants loaded, found before anything is checked against the code. */
export interface WantedPlugins {
  /** The entries of `plugins:` in order. */
  readonly listed: readonly { readonly specifier: string; readonly at: Position | undefined; readonly path: string }[]
  /** `use` of every connection. */
  readonly connections: readonly string[]
  /** Every (port, driver) pair of `use`; and every port with `on`, whose driver follows from that connection's `use`. */
  readonly drivers: readonly { readonly port: string; readonly use: string }[]
  readonly over: readonly { readonly port: string; readonly connectionUse: string }[]
}

/** What has to be imported before the manifest can be checked. What is no text there is left to the checker. */
export function wantedPlugins(raw: RawManifest): WantedPlugins {
  const root = raw.broken ? emptyMap : raw.root
  const connections = new Map([...entriesOf(nodeAt(root, ['connections']))].map(([name, { value }]) => [name, textAt(value, ['use'])]))
  const drivers: { port: string; use: string }[] = []
  const over: { port: string; connectionUse: string }[] = []
  const held: string[] = []

  for (const [name, { value }] of entriesOf(nodeAt(root, ['ports']))) {
    const port = name.split('.')[0] ?? name
    for (const entry of [value, ...itemsOf(childOf(value, 'fallback'))]) {
      const use = textAt(entry, ['use'])
      const own = textAt(entry, ['on', 'use'])
      const connectionUse = own ?? connections.get(textAt(entry, ['on']) ?? '')
      if (use !== undefined) drivers.push({ port, use })
      if (own !== undefined) held.push(own)
      if (connectionUse !== undefined) over.push({ port, connectionUse })
    }
  }

  const uses = [...connections.values()].filter((use) => use !== undefined)
  return { listed: listed(root), connections: [...new Set([...uses, ...held])], drivers, over }
}

function listed(root: Node): WantedPlugins['listed'] {
  return itemsOf(nodeAt(root, ['plugins'])).flatMap((entry, index) => {
    const specifier = textAt(entry, []) ?? textAt(entry, ['use'])
    const path = entry.kind === 'map' ? ['plugins', String(index), 'use'] : ['plugins', String(index)]
    return specifier === undefined ? [] : [{ specifier, at: valuePosition(root, path), path: path.join('.') }]
  })
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : []
}
