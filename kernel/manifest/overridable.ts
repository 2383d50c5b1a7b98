import type { AnyPort } from '../ports/definition.ts'
import { connectionDriver, settingsSchema } from './drivers.ts'
import { scalarPaths } from './environment.ts'
import { entriesOf, nodeAt, textAt } from './nodes.ts'
import type { Node, Path } from './nodes.ts'
import { bindingSchema, connectionSchema, rootSchema } from './structure.ts'
import type { Catalogue } from './types.ts'

/** Every single value that a variable can override once the plugins are known; the choice of drivers is made before. */
export function overridablePaths(root: Node, catalogue: Catalogue): readonly Path[] {
  const { name, server, policies, chaos } = rootSchema.properties
  const paths = [...scalarPaths(name, undefined, ['name']), ...scalarPaths(server, nodeAt(root, ['server']), ['server']), ...scalarPaths(policies, nodeAt(root, ['policies']), ['policies']), ...scalarPaths(chaos, nodeAt(root, ['chaos']), ['chaos'])]

  for (const connection of entriesOf(nodeAt(root, ['connections'])).keys()) {
    const path = ['connections', connection]
    paths.push(...scalarPaths(connectionSchema, nodeAt(root, path), path), ...connectionSettings(root, catalogue, path))
  }
  for (const binding of entriesOf(nodeAt(root, ['ports'])).keys()) {
    const port = catalogue.ports.get(binding.split('.')[0] ?? '')
    if (port) paths.push(...bindingPaths(root, catalogue, port, ['ports', binding]))
  }
  return paths.filter((path) => !isChoice(path))
}

function isChoice(path: Path): boolean {
  const last = path.at(-1)
  return (path.length === 3 && (last === 'use' || last === 'on')) || (path.length === 4 && path[2] === 'on' && last === 'use')
}

function connectionSettings(root: Node, catalogue: Catalogue, path: Path): readonly Path[] {
  const plugin = connectionDriver(catalogue, textAt(root, [...path, 'use']) ?? '')
  return plugin ? scalarPaths(settingsSchema(plugin), nodeAt(root, [...path, 'with']), [...path, 'with']) : []
}

function bindingPaths(root: Node, catalogue: Catalogue, port: AnyPort, path: Path): readonly Path[] {
  const node = nodeAt(root, path)
  const held = nodeAt(node, ['on'])?.kind === 'map'
  const use = held ? textAt(node, ['on', 'use']) : textAt(root, ['connections', textAt(node, ['on']) ?? '', 'use'])
  const inner = use === undefined ? undefined : connectionDriver(catalogue, use)?.port.name
  const plugin = catalogue.driver(port.name, textAt(node, ['use']) ?? inner ?? '')
  const fallback = nodeAt(node, ['fallback'])
  const others = (fallback?.kind === 'list' ? fallback.items : []).map((item) => catalogue.driver(port.name, textAt(item, ['use']) ?? ''))
  const drivers = [plugin, ...others].filter((driver) => driver !== undefined)
  const own = scalarPaths(bindingSchema(port, drivers), node, path).filter((found) => found[2] !== 'on' && found[2] !== 'fallback')
  return [
    ...own,
    ...(plugin ? scalarPaths(settingsSchema(plugin), nodeAt(node, ['with']), [...path, 'with']) : []),
    ...(held ? connectionSettings(root, catalogue, [...path, 'on']) : []),
  ]
}
