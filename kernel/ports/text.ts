import type { FieldError } from '../errors.ts'

export interface TextLimits {
  /** How many arrays and objects may stand in one another; a scalar is at depth 0, `{}` at 1. */
  readonly maxDepth: number
}

/** Why `text` cannot be kept by every backend; undefined when it can. NUL and lone surrogates are refused everywhere. */
export function badText(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain NUL (U+0000)'
  if (!text.isWellFormed()) return 'must not contain a lone surrogate'
  return undefined
}

/**
 * The first thing in `value` that is not plain JSON which every backend and partner can carry, with its JSON pointer
 * (long names shortened): NUL or a lone surrogate in a name or a string, a number that is not finite, a field named
 * `__proto__`, more than `maxDepth` levels, or a value that JSON does not have (undefined, a Date, a function, a
 * bigint). Undefined when all is well.
 *
 * The one text check of all ports: storage, queue, cache and integrations call it on what they are given, and keep
 * only their own rules (`$` names, sizes, keys) beside it. It recurses at most `maxDepth` levels, so a cycle ends.
 */
export function findBadText(value: unknown, limits: TextLimits): FieldError | undefined {
  return find(value, limits.maxDepth)
}

function find(value: unknown, levels: number): FieldError | undefined {
  if (typeof value === 'string') return here(badText(value))
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : here('must be a finite number')
  if (value === null || typeof value === 'boolean') return undefined
  if (typeof value !== 'object') return here('must be a JSON value')
  if (levels === 0) return here('is nested too deep')
  return Array.isArray(value) ? findInArray(value, levels - 1) : findInObject(value, levels - 1)
}

function findInArray(list: readonly unknown[], levels: number): FieldError | undefined {
  for (let index = 0; index < list.length; index += 1) {
    const found = find(list[index], levels)
    if (found) return below(String(index), found)
  }
  return undefined
}

function findInObject(object: object, levels: number): FieldError | undefined {
  const prototype: unknown = Object.getPrototypeOf(object)
  // A plain object of another realm has a prototype of its own whose prototype is null.
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) return here('must be a JSON value')

  for (const name of Object.keys(object)) {
    // The pointer stops at the object: an answer must not carry the very text that was refused.
    const bad = badText(name)
    if (bad) return here(`has a field whose name ${bad}`)
    if (name === '__proto__') return below(name, { path: '', message: 'is not allowed as a field name' })

    const found = find((object as Readonly<Record<string, unknown>>)[name], levels)
    if (found) return below(name, found)
  }
  return undefined
}

function here(message: string | undefined): FieldError | undefined {
  return message === undefined ? undefined : { path: '', message }
}

function below(name: string, found: FieldError): FieldError {
  const shown = name.length > 100 ? `${name.slice(0, 99).toWellFormed()}…` : name
  return { path: `/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}${found.path}`, message: found.message }
}
