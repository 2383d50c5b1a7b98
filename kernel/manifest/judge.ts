import type { JsonSchema } from '../json.ts'
import { errorsOfValue } from './ajv.ts'
import { childOf, keyPosition, plainOf, showPath, valuePosition } from './nodes.ts'
import type { Node, Path, ScalarNode } from './nodes.ts'
import type { Problems } from './problems.ts'
import { convertText } from './settings.ts'
import { decodePointer, faultsOf } from './faults.ts'
import type { SecretReference } from './types.ts'
import { branches, branchFor, itemSchema } from './units.ts'

/** What is judged: a part of the tree, where it stands, and what its keys are called. */
export interface Judging {
  readonly root: Node
  readonly path: Path
  readonly noun: 'setting' | 'key' | 'entry'
  /** Whether a secret may stand here; false for what has to be known before secrets are read. */
  readonly secrets: boolean
  readonly problems: Problems
}

/** A text that is no manifest at all would be told key by key. */
const maxErrors = 1_000
const maxTold = 100

/** The value of a part of the manifest with text converted and secrets as `SecretReference`; undefined when it was refused. */
export function judge(schema: JsonSchema, node: Node, judging: Judging): { readonly value: unknown } | undefined {
  const reader = new Reader(judging)
  const value = reader.read(node, schema, judging.path)
  const judged = reader.secrets === 0 ? value : withPlaceholders(value)

  const errors = errorsOfValue(schema, judged)
  const faults = faultsOf(errors.slice(0, maxErrors), judging.noun)
  if (faults.length > maxTold || errors.length > maxErrors) reader.refuse(valuePosition(judging.root, judging.path), judging.path, `more than ${maxTold} things are wrong here; the first of them are told`)
  for (const fault of faults.slice(0, maxTold)) {
    const path = [...judging.path, ...decodePointer(fault.pointer)]
    const child = fault.key === undefined ? path : [...path, fault.key]
    const subject = nodeAtPath(node, decodePointer(fault.pointer))
    if (reader.settled.has(showPath(path)) && !(fault.structural && subject?.kind === 'scalar' && subject.pieces)) continue
    const culprit = fault.on === 'key' && fault.key !== undefined ? childOf(subject, fault.key) ?? subject : subject
    const at = isOverride(culprit) ? undefined : fault.on === 'key' ? keyPosition(judging.root, child) : valuePosition(judging.root, child)
    reader.refuse(at, fault.missing ? path : child, fault.message(hides(subject)) + sourceOf(culprit))
  }
  return reader.refused ? undefined : { value }
}

function nodeAtPath(node: Node, path: Path): Node | undefined {
  return path.reduce<Node | undefined>(childOf, node)
}

/** Text that was filled in may be a secret, and is not repeated. */
function hides(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.text === true
}

/** True for what stands in no file, so that no place in one would help. */
function isOverride(node: Node | undefined): boolean {
  return node?.origin !== undefined && ('env' in node.origin || 'flag' in node.origin)
}

/** ` (from PORTICO_SERVER_PORT)`, where the place in the file does not tell. */
function sourceOf(node: Node | undefined): string {
  if (node?.kind !== 'scalar' || !node.text || !node.origin) return ''
  if ('env' in node.origin) return ` (from ${node.origin.env})`
  if ('flag' in node.origin) return ` (from ${node.origin.flag})`
  return node.written === undefined ? '' : ` (from ${node.written})`
}

/** Turns nodes into values along the schema, so that text becomes what its place wants. */
class Reader {
  readonly #judging: Judging
  /** Paths of what is told already, or not known yet: the schema's word on them does not count. */
  readonly settled = new Set<string>()
  secrets = 0
  refused = false

  constructor(judging: Judging) {
    this.#judging = judging
  }

  refuse(at: Parameters<Problems['add']>[0]['at'], path: Path, message: string): void {
    this.refused = true
    this.#judging.problems.add({ at, path: showPath(path), message })
  }

  read(node: Node, schema: JsonSchema, path: Path): unknown {
    if (node.kind === 'scalar') return this.#scalar(node, schema, path)
    const chosen = branches(schema).length > 0 ? branchFor(schema, plainOf(node)) : schema
    if (node.kind === 'list') return node.items.map((item, index) => this.read(item, itemSchema(chosen, index), [...path, String(index)]))

    const properties = (chosen.properties ?? {}) as Readonly<Record<string, JsonSchema>>
    const rest = typeof chosen.additionalProperties === 'object' ? (chosen.additionalProperties as JsonSchema) : {}
    return Object.fromEntries([...node.entries].map(([name, { value }]) => [name, this.read(value, Object.hasOwn(properties, name) ? (properties[name] ?? {}) : rest, [...path, name])]))
  }

  #scalar(node: ScalarNode, schema: JsonSchema, path: Path): unknown {
    if (node.failure !== undefined) {
      this.settled.add(showPath(path))
      this.refuse(node.at, path, node.failure + (node.at ? '' : sourceOf(node)))
      return node.value
    }
    if (node.pieces) return this.#secret(node, node.pieces, schema, path)
    return node.text ? convert(schema, String(node.value)) : node.value
  }

  #secret(node: ScalarNode, pieces: SecretReference['pieces'], schema: JsonSchema, path: Path): unknown {
    this.settled.add(showPath(path))
    this.secrets++
    if (!this.#judging.secrets || schema['x-portico'] === 'document') this.refuse(node.at, path, 'a secret cannot stand here: this is read before secrets are')
    return new Secret(pieces, showPath(path), node.at, schema)
  }
}

/** Text as the type that its place wants. */
export function convert(schema: JsonSchema, text: string): unknown {
  const alternatives = branches(schema)
  if (alternatives.length === 0) return convertText(schema, text)
  return alternatives.map((branch) => convertText(branch, text)).find((value) => typeof value !== 'string') ?? text
}

class Secret implements SecretReference {
  readonly secret = true
  readonly pieces: SecretReference['pieces']
  readonly path: string
  readonly at: SecretReference['at']
  readonly schema: JsonSchema

  constructor(pieces: SecretReference['pieces'], path: string, at: SecretReference['at'], schema: JsonSchema) {
    this.pieces = pieces
    this.path = path
    this.at = at
    this.schema = schema
  }
}

/** True for a value that stands for a secret; no value of a manifest can look like one. */
export function isSecretReference(value: unknown): value is SecretReference {
  return value instanceof Secret
}

/** The value with a text in place of each secret. */
export function withPlaceholders(value: unknown): unknown {
  if (isSecretReference(value)) return 'secret'
  if (Array.isArray(value)) return value.map(withPlaceholders)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withPlaceholders(item)]))
}
