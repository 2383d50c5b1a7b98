import { emptyMap, entriesOf, nodeAt, withNode } from './nodes.ts'
import type { Node, Path, ScalarNode } from './nodes.ts'
import { withoutDriver } from './overlay.ts'
import type { Problems } from './problems.ts'
import { didYouMean } from './suggest.ts'

/**
 * The segments of a path as people write it: the longest declared binding is one segment, so that
 * `ports.storage.reports.with.url` reaches into `storage.reports` when the manifest declares it.
 */
export function splitPath(root: Node, text: string): Path {
  const parts = text.split('.')
  const [area = ''] = parts
  if (area !== 'ports' && area !== 'chaos') return parts
  const declared = entriesOf(nodeAt(root, ['ports']))
  for (const length of [3, 2]) {
    const binding = parts.slice(1, length).join('.')
    if (parts.length >= length && declared.has(binding)) return [area, binding, ...parts.slice(length)]
  }
  return parts
}

/** Puts a text at a path; a new `use` or `on` drops the entry's earlier driver, as in an overlay, also for a connection that a binding holds. */
export function override(root: Node, path: Path, node: ScalarNode): Node {
  const [area, , ...keys] = path
  const key = keys.at(-1) ?? ''
  const chooses = (area === 'connections' || area === 'ports') && ['use', 'on', ...(area === 'ports' ? ['on.use'] : [])].includes(keys.join('.'))
  const place = path.slice(0, -1)
  const entry = nodeAt(root, place)
  if (!chooses || entry?.kind !== 'map') return withNode(root, path, node)

  const choice = { ...emptyMap, entries: new Map([[key, { keyAt: undefined, value: node }]]) }
  return withNode(withNode(root, place, { ...entry, entries: withoutDriver(entry, choice) }), path, node)
}

/** Applies `--set path=value` in order; the value is text that its place converts. An undeclared entry is refused. */
export function applySets(root: Node, sets: readonly string[], problems: Problems): Node {
  let result = root
  for (const set of sets) {
    const equals = set.indexOf('=')
    const path = splitPath(result, equals < 0 ? set : set.slice(0, equals))
    const failure = equals < 1 ? 'write --set path=value' : unreachable(result, path)
    if (failure === undefined) result = override(result, path, { kind: 'scalar', at: undefined, origin: { flag: `--set ${path.join('.')}` }, value: set.slice(equals + 1), text: true })
    else problems.add({ message: `--set ${(equals < 1 ? set : path.join('.')).slice(0, 100)}: ${failure}` })
  }
  return result
}

/** Why no value can be put there: its entry is not declared, or a list or a single value is in the way. */
function unreachable(root: Node, path: Path): string | undefined {
  if (path.includes('')) return 'the path has an empty part'
  if (path.length > 20) return 'the path is too long'
  const [area = '', name = ''] = path
  const entries = entriesOf(nodeAt(root, [area]))
  if ((area === 'ports' || area === 'connections') && !entries.has(name)) return `the manifest has no ${area}.${name}${didYouMean(name, entries.keys())}`
  for (let length = 1; length < path.length; length++) {
    const above = nodeAt(root, path.slice(0, length))
    if (above?.kind === 'scalar' && above.value !== null) return `${path.slice(0, length).join('.')} is a single value`
    if (above?.kind === 'list' && !above.items[Number(path[length])]) return `${path.slice(0, length).join('.')} is a list without an element "${path[length] ?? ''}"`
  }
  return undefined
}
