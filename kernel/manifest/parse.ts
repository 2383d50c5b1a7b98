import { isAlias, isDocument, isMap, isScalar, isSeq, LineCounter } from 'yaml'
import type { Document, YAMLMap } from 'yaml'
import { emptyMap, showPath } from './nodes.ts'
import type { Entry, MapNode, Node, Path, ScalarNode } from './nodes.ts'
import type { Problems } from './problems.ts'
import { didYouMean } from './suggest.ts'
import { maxDepth, readDocument, syntaxProblems } from './syntax.ts'
import type { Position } from './types.ts'

/** A bound on what aliases unfold to: what a person writes stays far below. */
const maxNodes = 100_000

/**
 * The tree of one YAML document with a position for every key and value; undefined when its syntax is broken.
 * Aliases are followed, with a bound on what they unfold to; merge keys, tags and second documents are refused.
 */
export function parseYaml(text: string, file: string, problems: Problems): Node | undefined {
  const lines = new LineCounter()
  const document = readDocument(text, lines)
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }

  if (!isDocument(document)) {
    problems.add({ at: place(document.offset), message: document.failure })
    return undefined
  }
  const broken = syntaxProblems(document, text, place)
  for (const problem of broken) problems.add(problem)
  return broken.length > 0 ? undefined : new TreeReader(document, place, problems).read()
}

/** Walks the library's tree once, in the order of the text. */
class TreeReader {
  readonly #document: Document.Parsed
  readonly #place: (offset: number) => Position
  readonly #problems: Problems
  readonly #anchors = new Map<string, unknown>()
  readonly #open = new Set<unknown>()
  #nodes = 0
  /** A map is not what its writer meant: judging it would tell echoes. */
  #broken = false

  constructor(document: Document.Parsed, place: (offset: number) => Position, problems: Problems) {
    this.#document = document
    this.#place = place
    this.#problems = problems
  }

  read(): Node | undefined {
    try {
      const node = this.#node(this.#document.contents, [], undefined)
      return this.#broken ? undefined : node
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#problems.add({ at: error.at, message: error.message })
      return undefined
    }
  }

  #node(source: unknown, path: Path, keyAt: Position | undefined): Node {
    const at = this.#at(source) ?? keyAt
    if (++this.#nodes > maxNodes) throw new Refused(at, `unfolds to more than ${maxNodes} values; write fewer or smaller aliases`)
    if (path.length > maxDepth) throw new Refused(at, `is nested deeper than ${maxDepth} levels`)

    if (isAlias(source)) return this.#alias(source.source, path, at)
    this.#remember(source)
    if (isMap(source)) return this.#within(source, at, () => this.#map(source, path, at))
    if (isSeq(source)) return this.#within(source, at, () => ({ kind: 'list', at, origin: at, items: source.items.map((item, index) => this.#node(item, [...path, String(index)], at)) }))
    return scalarOf(isScalar(source) ? source.value : null, at)
  }

  #map(source: YAMLMap, path: Path, at: Position | undefined): MapNode {
    const entries = new Map<string, Entry>()
    for (const pair of source.items) {
      this.#remember(pair.key)
      const keyAt = this.#at(pair.key) ?? at
      const name = isScalar(pair.key) && (typeof pair.key.value === 'string' || typeof pair.key.value === 'number') ? (pair.key.source ?? String(pair.key.value)) : undefined
      if (name === undefined) {
        this.#broken = true
        this.#refuse(keyAt, path, 'a key must be plain text')
      } else if (name === '<<') {
        this.#broken = true
        this.#refuse(keyAt, path, 'merge keys (<<) are not supported; write the keys out, or use an overlay')
      } else if (entries.has(name)) {
        this.#refuse(keyAt, [...path, name], `"${name}" is written twice; the first is in line ${entries.get(name)?.keyAt?.line ?? 0}`)
      } else {
        entries.set(name, { keyAt, value: this.#node(pair.value, [...path, name], keyAt) })
      }
    }
    return { ...emptyMap, at, origin: at, entries }
  }

  #alias(name: string, path: Path, at: Position | undefined): Node {
    const target = this.#anchors.get(name)
    if (target === undefined) {
      return { kind: 'scalar', at, origin: at, value: null, failure: `there is no anchor "&${name}" above${didYouMean(name, this.#anchors.keys())}` }
    }
    if (this.#open.has(target)) throw new Refused(at, `the alias "*${name}" stands within what it repeats`)
    return this.#node(target, path, at)
  }

  /** A value that is open stands above the one being read: an alias to it would never end. */
  #within<T>(source: unknown, at: Position | undefined, read: () => T): T {
    if (this.#open.has(source)) throw new Refused(at, 'repeats itself without end')
    this.#open.add(source)
    const result = read()
    this.#open.delete(source)
    return result
  }

  #remember(source: unknown): void {
    if ((isScalar(source) || isMap(source) || isSeq(source)) && source.anchor !== undefined) this.#anchors.set(source.anchor, source)
  }

  #at(source: unknown): Position | undefined {
    const range = (isScalar(source) || isMap(source) || isSeq(source) || isAlias(source)) && source.range
    return range ? this.#place(range[0]) : undefined
  }

  #refuse(at: Position | undefined, path: Path, message: string): void {
    this.#problems.add({ at, path: showPath(path), message })
  }
}

function scalarOf(value: unknown, at: Position | undefined): ScalarNode {
  const node = { kind: 'scalar', at, origin: at } as const
  if (typeof value === 'string' || typeof value === 'boolean') return { ...node, value }
  if (typeof value !== 'number') return { ...node, value: null }
  if (!Number.isFinite(value)) return { ...node, value: 0, failure: 'must be a finite number' }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return { ...node, value: 0, failure: 'is a whole number beyond 2^53, which cannot be read exactly' }
  return { ...node, value }
}

/** Ends the reading of a file: what is left of it cannot be judged. */
class Refused extends Error {
  readonly at: Position | undefined

  constructor(at: Position | undefined, message: string) {
    super(message)
    this.at = at
  }
}
