import { createHash } from 'node:crypto'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { applyEnvironment, choicePaths } from './environment.ts'
import { decodeText, doesNotExist, readFile } from './files.ts'
import type { Node } from './nodes.ts'
import { mergeOverlay } from './overlay.ts'
import { applySets } from './overrides.ts'
import { parseYaml } from './parse.ts'
import type { Problems } from './problems.ts'
import type { RawManifest } from './raw.ts'
import { fillReferences } from './references.ts'
import type { ManifestOptions, ManifestSource } from './types.ts'
import { nodeOfValue } from './values.ts'

/** A manifest is written by people; a file beyond this is something else. */
const maxFileBytes = 1024 * 1024

/**
 * Reads a manifest with its overlay, its references, and what overrides the choice of drivers. Each thing that is wrong
 * is a problem; undefined when no tree could be made of it, so that there is nothing to judge further.
 */
export async function readManifest(source: ManifestSource, options: ManifestOptions, problems: Problems): Promise<RawManifest | undefined> {
  const hash = createHash('sha256')
  const hashed = (bytes: Uint8Array) => { hash.update(bytes) }
  const directory = resolve('path' in source ? dirname(source.path) : source.directory)
  const written = 'path' in source ? readLayers(source.path, options, hashed, problems) : readValue(source.manifest, options, hashed, problems)
  if (!written) return undefined

  const set = applySets(written, options.set ?? [], problems)
  const chosen = applyEnvironment(set, () => choicePaths(set), options.env, problems)
  const root = fillReferences(chosen, { env: options.env, absolute: (file) => resolve(directory, file) })
  return { path: 'path' in source ? source.path : '(manifest)', directory, sha256: hash.digest('hex'), root }
}

function readLayers(path: string, options: ManifestOptions, hashed: (bytes: Uint8Array) => void, problems: Problems): Node | undefined {
  const base = readLayer(path, hashed, problems, '; `portico init` writes one')
  const name = options.overlay ?? options.env.PORTICO_ENV
  if (!name) return base
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(name)) {
    problems.add({ message: `"${name.slice(0, 60)}" cannot be the name of an overlay: letters, digits, - and _, 40 at most` })
    return undefined
  }

  const extension = extname(path)
  const over = readLayer(join(dirname(path), `${basename(path, extension)}.${name}${extension}`), hashed, problems)
  return base && over ? mergeOverlay(base, over, problems) : undefined
}

/** `whenMissing` is the remedy to tell for a file that is not there. */
function readLayer(path: string, hashed: (bytes: Uint8Array) => void, problems: Problems, whenMissing = ''): Node | undefined {
  const start = { file: path, line: 1, column: 1 }
  const read = readFile(path, maxFileBytes)
  if ('failure' in read) {
    problems.add({ message: `the file ${path} ${read.failure}${read.failure === doesNotExist ? whenMissing : ''}` })
    return undefined
  }
  hashed(read.bytes)

  const text = decodeText(read.bytes)
  if (text === undefined) problems.add({ at: start, message: 'is not UTF-8 text' })
  const node = text === undefined ? undefined : parseYaml(text, path, problems)
  if (!node || node.kind === 'map') return node
  const empty = node.kind === 'scalar' && node.value === null
  problems.add({ at: node.at ?? start, message: empty ? 'is empty; a manifest begins with `version: 1`' : 'must be a mapping that begins with `version: 1`' })
  return undefined
}

function readValue(manifest: object, options: ManifestOptions, hashed: (bytes: Uint8Array) => void, problems: Problems): Node | undefined {
  if (options.overlay) problems.add({ message: 'an overlay belongs to a manifest in a file, and this one was given as a value' })
  const node = nodeOfValue(manifest, problems)
  hashed(Buffer.from(JSON.stringify(node, (_, value: unknown) => (value instanceof Map ? [...value] : value))))
  if (node.kind !== 'map') problems.add({ message: 'a manifest is an object' })
  return node.kind === 'map' ? node : undefined
}
