import { namesIn } from './checking.ts'
import type { Checking } from './checking.ts'
import { checkSettings, connectionDriver, innerPorts } from './drivers.ts'
import { nodeAt, keyPosition, showPath, textAt } from './nodes.ts'
import type { Path } from './nodes.ts'
import { connectionSchema } from './structure.ts'
import { didYouMean } from './suggest.ts'
import type { ConnectionSpec } from './types.ts'
import { resolveUnits } from './units.ts'

/** Checks `connections`, and the connections that bindings hold themselves; they are found by name afterwards. */
export function checkConnections(checking: Checking): readonly ConnectionSpec[] {
  for (const name of namesIn(checking.root, 'connections')) checking.connections.set(name, checkConnection(checking, name, ['connections', name]))

  for (const name of namesIn(checking.root, 'ports')) {
    const path = ['ports', name, 'on']
    if (nodeAt(checking.root, path)?.kind !== 'map') continue
    if (checking.connections.has(name)) checking.refuse(path, `the connection of this binding is called "${name}", and so is one under connections; rename that one`)
    else checking.connections.set(name, checkConnection(checking, name, path))
  }
  return [...checking.connections.values()].filter((spec) => spec !== undefined)
}

function checkConnection(checking: Checking, name: string, path: Path): ConnectionSpec | undefined {
  if (nodeAt(checking.root, path)?.kind !== 'map') return undefined
  const judged = checking.judge(connectionSchema, path, { noun: 'key', secrets: false, apart: [['with']] })
  const use = textAt(checking.root, [...path, 'use'])
  const plugin = use === undefined ? undefined : connectionDriver(checking.catalogue, use)
  if (use !== undefined && !plugin) refuseUse(checking, use, [...path, 'use'])
  if (!plugin) return undefined

  const settings = checkSettings(checking, plugin, path)
  const { startTimeoutMs } = resolveUnits(connectionSchema, judged?.value ?? {}, checking.units(path)) as { startTimeoutMs: number }
  return { name, path: showPath(path), at: keyPosition(checking.root, path), plugin, settings, startTimeoutMs }
}

function refuseUse(checking: Checking, use: string, path: Path): void {
  const { catalogue } = checking
  const ports = innerPorts(catalogue)
  if (ports.some((port) => catalogue.failed(port.name, use))) return
  const known = ports.flatMap((port) => [...catalogue.names(port.name)])
  const nearest = didYouMean(use, known)
  const other = [...catalogue.ports.values()].find((port) => !port.inner && catalogue.names(port.name).includes(use))
  checking.refuse(path, other
    ? `"${use}" is a driver of ${other.name} and no connection; write \`use: ${use}\` under ports`
    : `there is no connection driver "${use}"${nearest || (known.length > 0 ? `; there are ${known.join(', ')}` : '')}`)
}
