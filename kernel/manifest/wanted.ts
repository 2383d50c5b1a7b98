import { childOf, entriesOf, nodeAt, textAt, valuePosition } from './nodes.ts'
import type { Node } from './nodes.ts'
import type { RawManifest, WantedPlugins } from './raw.ts'

/** What has to be imported before the manifest can be checked. What is no text there is left to the checker. */
export function wantedPlugins(raw: RawManifest): WantedPlugins {
  const root = raw.root
  const connections = new Map([...entriesOf(nodeAt(root, ['connections']))].map(([name, { value }]) => [name, textAt(value, ['use'])]))
  const drivers: { port: string; use: string }[] = []
  const over: { port: string; connectionUse: string }[] = []
  const held: string[] = []

  for (const [name, { value }] of entriesOf(nodeAt(root, ['ports']))) {
    const port = name.split('.')[0] ?? name
    for (const entry of [value, ...itemsOf(childOf(value, 'fallback'))].flatMap(withInner)) {
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

/** An entry and the drivers in its settings: whichever of them holds some, nothing else there is a list of maps. */
function withInner(entry: Node): readonly Node[] {
  const lists = [...entriesOf(childOf(entry, 'with'))].flatMap(([, { value }]) => itemsOf(value))
  return [entry, ...lists.filter(({ kind }) => kind === 'map').flatMap(withInner)]
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : []
}
