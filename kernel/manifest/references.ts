import { decodeText, readFile } from './files.ts'
import type { ReadResult } from './files.ts'
import type { MapNode, Node, ScalarNode } from './nodes.ts'

const maxFileBytes = 64 * 1024

/** Where references are read from. */
export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The absolute path of a path that the manifest gives. */
  absolute(path: string): string
}

/**
 * Fills `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` in every scalar, marks `${secret:name}`, and makes `$${` a plain `${`.
 * What is filled in is text and is not looked at again. A reference that cannot be filled stays in the node as its `failure`.
 */
export function fillReferences(node: Node, sources: ReferenceSources): Node {
  if (node.kind === 'map') return fillMap(node, sources)
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => fillReferences(item, sources)) }
  return fillScalar(node, sources)
}

function fillMap(node: MapNode, sources: ReferenceSources): MapNode {
  return { ...node, entries: new Map([...node.entries].map(([name, { keyAt, value }]) => [name, { keyAt, value: fillReferences(value, sources) }])) }
}

function fillScalar(node: ScalarNode, sources: ReferenceSources): ScalarNode {
  const written = node.value
  if (typeof written !== 'string' || !written.includes('${')) return node

  const pieces: (string | { name: string })[] = []
  let rest = 0
  for (const match of written.matchAll(/\$?\$\{([^}]*)(\}?)/g)) {
    pieces.push(written.slice(rest, match.index))
    rest = match.index + match[0].length
    const filled = match[0].startsWith('$$') ? match[0].slice(1) : fill(match[1] ?? '', match[2] === '}', sources)
    if (typeof filled === 'object' && 'failure' in filled) return { ...node, written, failure: filled.failure }
    pieces.push(filled)
  }
  pieces.push(written.slice(rest))

  const joined = joinTexts(pieces)
  const onlyText = joined.every((piece) => typeof piece === 'string')
  return onlyText ? { ...node, value: joined.join(''), text: true, written } : { ...node, value: written, text: true, written, pieces: joined }
}

function joinTexts(pieces: readonly (string | { readonly name: string })[]): (string | { readonly name: string })[] {
  const joined: (string | { readonly name: string })[] = []
  for (const piece of pieces) {
    const last = joined.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece
    else if (piece !== '') joined.push(piece)
  }
  return joined
}

function fill(inside: string, closed: boolean, sources: ReferenceSources): string | { name: string } | { failure: string } {
  if (!closed) return { failure: 'a reference is not closed; write `$${` for a plain `${`' }
  const colon = inside.indexOf(':')
  const [kind, rest] = colon < 0 ? [inside, ''] : [inside.slice(0, colon), inside.slice(colon + 1)]
  if (kind === 'env') return fillEnv(rest, sources.env)
  if (kind === 'secret') return /^[a-z][a-z0-9_-]{0,39}$/.test(rest) ? { name: rest } : { failure: `"${rest}" cannot be the name of a secret: a lower-case letter, then letters, digits, - and _, 40 at most` }
  if (kind === 'file') return fillFile(rest, sources)
  return { failure: `there is no reference "\${${inside}}"; it is \${env:NAME}, \${secret:name} or \${file:path}; write \`$\${\` for a plain \`\${\`` }
}

function fillEnv(rest: string, env: ReferenceSources['env']): string | { failure: string } {
  const [, name = '', fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(rest) ?? []
  if (name === '') return { failure: `"${rest}" cannot be an environment variable; write \${env:NAME} or \${env:NAME:-default}` }
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  // As in a shell, `:-` also stands in for an empty value.
  if (fallback !== undefined) return value === undefined || value === '' ? fallback : value
  return value ?? { failure: `the environment variable ${name} is not set; set it, or write \${env:${name}:-default}` }
}

function fillFile(path: string, sources: ReferenceSources): string | { failure: string } {
  const read: ReadResult = path === '' ? { failure: 'has no name' } : readFile(sources.absolute(path), maxFileBytes)
  if ('failure' in read) return { failure: `the file ${path} ${read.failure}` }
  const text = decodeText(read.bytes)
  // Editors end a file with a line break, and no secret or URL has one.
  return text === undefined ? { failure: `the file ${path} is not UTF-8 text` } : text.replace(/\r?\n$/, '')
}
