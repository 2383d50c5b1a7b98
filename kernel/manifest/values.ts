import { emptyMap, showPath } from './nodes.ts'
import type { Node, Path } from './nodes.ts'
import type { Problems } from './problems.ts'

const maxDepth = 64
const maxNodes = 100_000

/** The tree of a manifest that is given as a value; what JSON cannot carry is refused. It has no positions. */
export function nodeOfValue(value: unknown, problems: Problems): Node {
  let count = 0

  const read = (given: unknown, path: Path): Node => {
    if (++count > maxNodes || path.length > maxDepth) return refuse(path, count > maxNodes ? `has more than ${maxNodes} values` : `is nested deeper than ${maxDepth} levels`)
    if (given === null || typeof given === 'string' || typeof given === 'boolean' || (typeof given === 'number' && Number.isFinite(given))) return scalar(given)
    if (Array.isArray(given)) return { kind: 'list', at: undefined, origin: undefined, items: given.map((item, index) => read(item, [...path, String(index)])) }
    if (typeof given === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(given) as null)) {
      const entries = Object.entries(given).filter(([, item]) => item !== undefined)
      return { ...emptyMap, entries: new Map(entries.map(([name, item]) => [name, { keyAt: undefined, value: read(item, [...path, name]) }])) }
    }
    return refuse(path, `is a ${typeof given}; a manifest holds what JSON can carry`)
  }
  const refuse = (path: Path, message: string): Node => {
    if (count <= maxNodes + 1) problems.add({ path: showPath(path), message })
    return scalar(null)
  }

  return read(value, [])
}

function scalar(value: string | number | boolean | null): Node {
  return { kind: 'scalar', at: undefined, origin: undefined, value }
}
