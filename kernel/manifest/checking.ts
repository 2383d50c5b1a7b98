import { resolve } from 'node:path'
import type { JsonSchema } from '../json.ts'
import { faultOfDocument } from './ajv.ts'
import { decodeText, readFile } from './files.ts'
import { isSecretReference, judge } from './judge.ts'
import type { Judging } from './judge.ts'
import { emptyMap, entriesOf, nodeAt, plainOf, showPath, valuePosition, withNode } from './nodes.ts'
import type { MapNode, Node, Path } from './nodes.ts'
import { parseYaml } from './parse.ts'
import { Problems } from './problems.ts'
import { readScripts } from './scripts.ts'
import type { Catalogue, ConnectionSpec } from './types.ts'
import type { UnitContext } from './units.ts'

const maxDocumentBytes = 1024 * 1024

/** A judged part of the manifest, for `portico explain`. */
export interface Piece {
  readonly path: Path
  readonly schema: JsonSchema
  readonly node: Node | undefined
}

/** What the checking functions share: the tree, the code it is judged against, and where findings go. */
export class Checking {
  readonly root: Node
  readonly directory: string
  readonly catalogue: Catalogue
  readonly problems: Problems
  readonly pieces: Piece[] = []
  /** Connections by name; undefined for one that was refused already. */
  readonly connections = new Map<string, ConnectionSpec | undefined>()
  readonly #documents = new Map<string, unknown>()

  constructor(root: Node, directory: string, catalogue: Catalogue, problems: Problems) {
    this.root = root
    this.directory = directory
    this.catalogue = catalogue
    this.problems = problems
  }

  refuse(path: Path, message: string): void {
    this.problems.add({ at: valuePosition(this.root, path), path: showPath(path), message })
  }

  /** Judges the part at `path`; what stands at `apart` in it is judged on its own, elsewhere. */
  judge(schema: JsonSchema, path: Path, options: { readonly noun: Judging['noun']; readonly secrets: boolean; readonly apart?: readonly Path[] }): { readonly value: unknown } | undefined {
    const node = nodeAt(this.root, path) ?? emptyMap
    this.pieces.push({ path, schema, node })
    const shallow = (options.apart ?? []).reduce<Node>((tree, at) => emptied(tree, at), node)
    return this.guard(path, () => judge(schema, shallow, { root: this.root, path, problems: this.problems, noun: options.noun, secrets: options.secrets }))
  }

  /** Runs what a plugin or its port declares; a fault in it is told as theirs, beside the other problems. */
  guard<T>(path: Path, run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.refuse(path, `the plugin or port that this belongs to is faulty: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`)
      return undefined
    }
  }

  /** How values of the part at `path` become what code gets. */
  units(path: Path): UnitContext & { opaque(value: unknown): boolean } {
    return {
      absolute: (file) => resolve(this.directory, file),
      opaque: isSecretReference,
      load: (document, at) => this.#document(document, [...path, ...at]),
      scripts: (folder, at) => readScripts(resolve(this.directory, folder), folder, (message) => { this.refuse([...path, ...at], message) }),
    }
  }

  #document(given: unknown, path: Path): unknown {
    if (typeof given !== 'string') {
      const fault = faultOfDocument(given)
      if (fault !== undefined) this.refuse(path, `is not a JSON Schema: ${fault}`)
      return given
    }
    const file = given
    if (!this.#documents.has(file)) this.#documents.set(file, this.#load(file, path))
    return this.#documents.get(file)
  }

  #load(file: string, path: Path): unknown {
    const read = readFile(resolve(this.directory, file), maxDocumentBytes)
    const text = 'failure' in read ? undefined : decodeText(read.bytes)
    if (text === undefined) {
      this.refuse(path, `the file ${file} ${'failure' in read ? read.failure : 'is not UTF-8 text'}`)
      return {}
    }
    // JSON is YAML, and this reader has bounds and positions.
    const within = new Problems()
    const node = parseYaml(text, file, within)
    const document = node ? plainOf(node) : undefined
    const fault = within.any ? within.report().split('\n')[0] : faultOfDocument(document)
    if (fault !== undefined) this.refuse(path, within.any ? fault : `${file} is not a JSON Schema: ${fault}`)
    return document
  }
}

/** The tree with an empty map or list in place of what stands at `path`; `*` means each entry. */
function emptied(tree: Node, path: Path): Node {
  const [name, ...rest] = path
  if (name === '*') {
    if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => emptied(item, rest)) }
    return tree.kind === 'map' ? { ...tree, entries: new Map([...tree.entries].map(([key, { keyAt, value }]) => [key, { keyAt, value: emptied(value, rest) }])) } : tree
  }
  if (name !== undefined) {
    const child = nodeAt(tree, [name])
    return child === undefined ? tree : withNode(tree, [name], emptied(child, rest))
  }
  if (tree.kind === 'map') return { ...tree, entries: emptyMap.entries } satisfies MapNode
  return tree.kind === 'list' ? { ...tree, items: [] } : tree
}

/** The names of an area's entries: `connections`, `ports`. */
export function namesIn(root: Node, area: string): readonly string[] {
  return [...entriesOf(nodeAt(root, [area])).keys()]
}
