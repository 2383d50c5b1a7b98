import type { Origin, Position } from './types.ts'

/** A value of the manifest with where it was written; what the YAML text, overlays and overrides are all turned into. */
export type Node = ScalarNode | MapNode | ListNode

interface Placed {
  /** Absent for what stands in no file: a manifest given as a value, an environment variable, `--set`. */
  readonly at: Position | undefined
  readonly origin: Origin | undefined
}

export interface ScalarNode extends Placed {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** The value came as text (environment, reference, `--set`) and is converted to the type that its place wants. */
  readonly text?: boolean
  /** What the manifest says, when references were filled. */
  readonly written?: string
  /** Text and secret names in turn, when a secret is to be filled in. */
  readonly pieces?: readonly (string | { readonly name: string })[]
  /** Why its reference cannot be filled; told only if nothing takes its place. */
  readonly failure?: string
}

export interface MapNode extends Placed {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Entry>
}

export interface Entry {
  readonly keyAt: Position | undefined
  readonly value: Node
}

export interface ListNode extends Placed {
  readonly kind: 'list'
  readonly items: readonly Node[]
}

export type Path = readonly string[]

export const emptyMap: MapNode = { kind: 'map', at: undefined, origin: undefined, entries: new Map() }

/** The node at `path`, or undefined. */
export function nodeAt(root: Node | undefined, path: Path): Node | undefined {
  let node = root
  for (const name of path) node = childOf(node, name)
  return node
}

export function childOf(node: Node | undefined, name: string): Node | undefined {
  if (node?.kind === 'map') return node.entries.get(name)?.value
  return node?.kind === 'list' ? node.items[Number(name)] : undefined
}

/** The text at `path`; undefined for anything else, and for a text that cannot be known yet. */
export function textAt(root: Node | undefined, path: Path): string | undefined {
  const node = nodeAt(root, path)
  return node?.kind === 'scalar' && typeof node.value === 'string' && !node.pieces && node.failure === undefined ? node.value : undefined
}

/** The entries of a map; none for anything else. */
export function entriesOf(node: Node | undefined): ReadonlyMap<string, Entry> {
  return node?.kind === 'map' ? node.entries : emptyMap.entries
}

/** Where the key of `path` stands, or the nearest place above it that stands in a file. */
export function keyPosition(root: Node, path: Path): Position | undefined {
  for (let length = path.length; length > 0; length--) {
    const name = path[length - 1] ?? ''
    const parent = nodeAt(root, path.slice(0, length - 1))
    const at = parent?.kind === 'map' ? parent.entries.get(name)?.keyAt : childOf(parent, name)?.at
    if (at) return at
  }
  return root.at
}

/** Where the value of `path` stands, or the nearest place above it that stands in a file. */
export function valuePosition(root: Node, path: Path): Position | undefined {
  return nodeAt(root, path)?.at ?? keyPosition(root, path)
}

/** A copy of `root` with `node` at `path`; maps on the way are made, and what is no map is replaced by one. */
export function withNode(root: Node | undefined, path: Path, node: Node): Node {
  const [name, ...rest] = path
  if (name === undefined) return node
  if (root?.kind === 'list' && /^[0-9]+$/.test(name) && Number(name) < root.items.length) {
    return { ...root, items: root.items.with(Number(name), withNode(root.items[Number(name)], rest, node)) }
  }
  const map = root?.kind === 'map' ? root : { ...emptyMap, at: root?.at, origin: root?.origin }
  const before = map.entries.get(name)
  const entry = { keyAt: before?.keyAt, value: withNode(before?.value, rest, node) }
  return { ...map, entries: new Map(map.entries).set(name, entry) }
}

/** The value of a node without places. A name such as `__proto__` becomes an own property, never a prototype. */
export function plainOf(node: Node): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(plainOf)
  return Object.fromEntries([...node.entries].map(([name, { value }]) => [name, plainOf(value)]))
}

/** A path as people write it: `connections.main.with.file`. */
export function showPath(path: Path): string {
  return path.join('.')
}
