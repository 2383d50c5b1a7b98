import type { JsonSchema } from '../json.ts'
import { checkPieces } from './check.ts'
import { convert } from './judge.ts'
import { childOf, plainOf, showPath } from './nodes.ts'
import type { Node, Path } from './nodes.ts'
import type { Problems } from './problems.ts'
import type { RawManifest } from './raw.ts'
import type { Catalogue, Explained, ManifestOptions, Origin } from './types.ts'
import { branches, branchFor, itemSchema } from './units.ts'

/**
 * The effective value of every setting with where it comes from, in the order of the manifest's parts. A sensitive
 * value and a password in a URL are shown as `***`, a secret reference as it is written. What is wrong is a problem beside it.
 */
export function explainManifest(raw: RawManifest, catalogue: Catalogue, options: ManifestOptions, problems: Problems): readonly Explained[] {
  const { checking } = checkPieces(raw, catalogue, options, problems)
  const found = new Map<string, Explained>()
  for (const { path, schema, node } of checking.pieces) {
    for (const explained of explainNode(schema, node, path)) if (!found.has(explained.path)) found.set(explained.path, explained)
  }
  return [...found.values()]
}

/** Keys whose value is explained on its own, by the part that judges it. */
const apart = new Set(['connections', 'ports', 'with', 'on'])

function explainNode(schema: JsonSchema, node: Node | undefined, path: Path): readonly Explained[] {
  const chosen = node && branches(schema).length > 0 ? branchFor(schema, plainOf(node)) : schema
  const properties = (chosen.properties ?? {}) as Readonly<Record<string, JsonSchema>>
  if (chosen['x-portico'] !== 'document' && (node?.kind === 'map' || (!node && chosen.type === 'object'))) {
    const names = [...Object.keys(properties), ...(node?.kind === 'map' ? [...node.entries.keys()] : []).filter((name) => !Object.hasOwn(properties, name))]
    const rest = typeof chosen.additionalProperties === 'object' ? (chosen.additionalProperties as JsonSchema) : {}
    return names.flatMap((name) => {
      const child = childOf(node, name)
      if (apart.has(name) && child?.kind !== 'scalar') return []
      return explainNode(Object.hasOwn(properties, name) ? (properties[name] ?? {}) : rest, child, [...path, name])
    })
  }
  // What a list of entries holds is told one by one, so that nothing sensitive hides in it.
  if (node?.kind === 'list' && node.items.some((item) => item.kind === 'map')) {
    return node.items.flatMap((item, index) => explainNode(itemSchema(chosen, index), item, [...path, String(index)]))
  }
  if (!node) return chosen.default === undefined ? [] : [{ path: showPath(path), value: shown(chosen, chosen.default), origin: { default: true } }]
  return [{ path: showPath(path), value: valueOf(chosen, node), origin: node.origin ?? givenAsValue }]
}

/** A manifest that was given as a value has no places. */
const givenAsValue: Origin = { file: '(manifest)', line: 0, column: 0 }

function valueOf(schema: JsonSchema, node: Node): unknown {
  if (node.kind === 'scalar' && (node.pieces || (schema.writeOnly === true && node.written !== undefined))) return node.written
  return shown(schema, node.kind === 'scalar' && node.text ? convert(schema, String(node.value)) : plainOf(node))
}

function shown(schema: JsonSchema, value: unknown): unknown {
  if (schema.writeOnly === true) return '***'
  return typeof value === 'string' ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#:@]*):[^/?#]*@/i, '$1:***@') : value
}
