import { showPath } from './nodes.ts'
import type { Entry, MapNode, Node, Path } from './nodes.ts'
import type { Problems } from './problems.ts'

/**
 * Lays one tree over another: maps merge, lists and scalars replace, null removes. An entry of `connections` or `ports`
 * that is given another `use` or `on` loses its earlier `use`, `on` and `with`, and keeps the port's own keys.
 */
export function mergeOverlay(base: Node, over: Node, problems: Problems, path: Path = []): Node {
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over, problems, path)
  if (base.kind !== 'scalar' && base.kind !== over.kind) {
    problems.add({ at: over.at, path: showPath(path), message: `${words[over.kind]} cannot be laid over ${words[base.kind]}${whereIs(base)}` })
    return base
  }
  return over.kind === 'scalar' && over.value === null ? over : withoutNulls(over, problems, path)
}

const nothingToRemove = 'null removes an entry, and there is none; write {} for an empty one'

const words = { map: 'a mapping', list: 'a list', scalar: 'a single value' } as const

function whereIs(node: Node): string {
  return node.at ? ` (${node.at.file}:${node.at.line}:${node.at.column})` : ''
}

function mergeMaps(base: MapNode, over: MapNode, problems: Problems, path: Path): MapNode {
  const entries = new Map(isEntry(path) ? withoutDriver(base, over) : base.entries)
  for (const [name, { keyAt, value }] of over.entries) {
    const before = entries.get(name)
    if (value.kind === 'scalar' && value.value === null) {
      // A removed `use` or `on` may be gone already: the other one has dropped it.
      if (!base.entries.has(name)) problems.add({ at: keyAt, path: showPath([...path, name]), message: nothingToRemove })
      entries.delete(name)
    } else {
      const merged = before ? mergeOverlay(before.value, value, problems, [...path, name]) : withoutNulls(value, problems, [...path, name])
      entries.set(name, { keyAt: before?.value.kind === 'map' ? before.keyAt : keyAt, value: merged })
    }
  }
  return { ...base, entries }
}

function isEntry(path: Path): boolean {
  return path.length === 2 && (path[0] === 'connections' || path[0] === 'ports')
}

/** The entries of `base` that stay when `over` chooses another backend. */
export function withoutDriver(base: MapNode, over: MapNode): ReadonlyMap<string, Entry> {
  const on = over.entries.get('on')?.value
  // `on: { with: … }` tunes the connection that the binding holds; it does not choose another.
  const chooses = over.entries.has('use') || (on !== undefined && !(on.kind === 'map' && !on.entries.has('use') && base.entries.get('on')?.value.kind === 'map'))
  if (!chooses) return base.entries
  return new Map([...base.entries].filter(([name]) => name !== 'use' && name !== 'on' && name !== 'with'))
}

/** An entry that only the overlay has; a null in it has nothing to remove. */
function withoutNulls(node: Node, problems: Problems, path: Path): Node {
  if (node.kind !== 'map') return node
  const entries = new Map<string, Entry>()
  for (const [name, { keyAt, value }] of node.entries) {
    if (value.kind === 'scalar' && value.value === null) problems.add({ at: keyAt, path: showPath([...path, name]), message: nothingToRemove })
    else entries.set(name, { keyAt, value: withoutNulls(value, problems, [...path, name]) })
  }
  return { ...node, entries }
}
