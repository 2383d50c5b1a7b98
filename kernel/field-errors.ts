import type { ErrorObject, ValidateFunction } from 'ajv'
import type { FieldError } from './errors.ts'

/** Beyond these, one more error tells a caller nothing. */
const maxErrors = 20

/** An input of more values than these is judged by the first thing that is wrong with it. */
const maxListed = 2_000

const none: readonly FieldError[] = []

/**
 * A check that names everything that is wrong with a value, or of a large one the first thing: ajv goes on through
 * a million elements, with an error for each, even when it has found that the list is too long. That takes seconds.
 * `compile` is called for each of its two ways once, when it is needed.
 */
export function fieldCheck(compile: (options: { readonly allErrors: boolean }) => ValidateFunction): (value: unknown) => readonly FieldError[] {
  let first: ValidateFunction | undefined
  let all: ValidateFunction | undefined

  return (value) => {
    first ??= compile({ allErrors: false })
    if (first(value)) return none
    if (valuesIn(value, maxListed) > maxListed) return fieldErrors(first.errors ?? [])
    all ??= compile({ allErrors: true })
    all(value)
    return fieldErrors(all.errors ?? [])
  }
}

/** How many values stand in `value`; it stops counting beyond `max`. */
function valuesIn(value: unknown, max: number): number {
  let count = 1
  if (typeof value !== 'object' || value === null) return count
  for (const name in value) {
    if (count > max) break
    count += valuesIn((value as Readonly<Record<string, unknown>>)[name], max - count)
  }
  return count
}

/** ajv's errors as JSON pointers and words, each place and reason once; an unknown field is named by its own path. */
export function fieldErrors(errors: readonly ErrorObject[]): readonly FieldError[] {
  const found = new Map<string, FieldError>()
  for (const error of errors) {
    const field = toFieldError(error)
    // ajv names each branch of a union; the caller needs each place and reason once.
    if (error.keyword !== 'if') found.set(`${field.path} ${field.message}`, field)
    if (found.size === maxErrors) break
  }
  return [...found.values()]
}

function toFieldError({ instancePath, keyword, params, message }: ErrorObject): FieldError {
  const given: Readonly<Record<string, unknown>> = params
  const at = (name: unknown) => `${instancePath}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
  if (keyword === 'additionalProperties') return { path: at(given.additionalProperty), message: 'unknown field' }
  if (keyword === 'unevaluatedProperties') return { path: at(given.unevaluatedProperty), message: 'unknown field' }
  if (keyword === 'false schema') return { path: instancePath, message: 'cannot stand beside the other fields' }
  if (keyword === 'required') return { path: at(given.missingProperty), message: 'is required' }
  if (keyword === 'enum') return { path: instancePath, message: `must be one of ${wordsOf(given.allowedValues)}` }
  if (keyword === 'const') return { path: instancePath, message: `must be ${JSON.stringify(given.allowedValue).slice(0, 200)}` }
  return { path: instancePath, message: demandOf(keyword, given) ?? message ?? 'is not valid' }
}

/** What a value must be, in words for who sends it; undefined for a keyword that ajv has the better words for. */
function demandOf(keyword: string, given: Readonly<Record<string, unknown>>): string | undefined {
  const limit = Number(given.limit)
  switch (keyword) {
    case 'type': return `must be ${[given.type].flat().join(',').split(',').map((type) => typeWords[type] ?? type).join(' or ')}`
    case 'minimum': return `must be at least ${limit}`
    case 'maximum': return `must be at most ${limit}`
    case 'exclusiveMinimum': return `must be more than ${limit}`
    case 'exclusiveMaximum': return `must be less than ${limit}`
    case 'multipleOf': return `must be a multiple of ${String(given.multipleOf)}`
    case 'minLength': return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength': return `must have at most ${amountOf(limit, 'character')}`
    case 'minItems': return limit === 1 ? 'must not be empty' : `must have at least ${limit} items`
    case 'maxItems': return `must have at most ${amountOf(limit, 'item')}`
    case 'minProperties': return `must have at least ${amountOf(limit, 'field')}`
    case 'maxProperties': return `must have at most ${amountOf(limit, 'field')}`
    case 'uniqueItems': return `must not hold one item twice: ${String(given.j)} and ${String(given.i)} are the same`
    case 'pattern': return `must match ${String(given.pattern).slice(0, 200)}`
    case 'format': return `must be of the format ${String(given.format)}`
    case 'propertyNames': return `has a field whose name cannot stand here: ${JSON.stringify(given.propertyName).slice(0, 200)}`
    case 'anyOf': return 'has none of the forms that it may have'
    case 'oneOf': return given.passingSchemas === null ? 'has none of the forms that it may have' : 'has two of the forms of which it may have one'
    case 'not': return 'has a form that it must not have'
    default: return undefined
  }
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'a text', number: 'a number', integer: 'a whole number', boolean: 'true or false', object: 'an object', array: 'a list', null: 'null',
}

function amountOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function wordsOf(allowed: unknown): string {
  return (Array.isArray(allowed) ? allowed.map((value) => JSON.stringify(value)).join(', ') : JSON.stringify(allowed)).slice(0, 200)
}
