import type { ErrorObject } from 'ajv'
import type { JsonSchema } from '../json.ts'
import { namePattern } from './names.ts'
import { didYouMean, suggest, whatThereIs } from './suggest.ts'
import { branches, branchFor, typeOf } from './units.ts'

/** One way in which a value breaks its schema, in the manifest's words. */
export interface Fault {
  /** JSON pointer of the value, or of the map whose key is at fault. */
  readonly pointer: string
  /** The key at fault, where it is one. */
  readonly key?: string
  readonly on: 'key' | 'value'
  /** The key is not there: the place to look at is its map. */
  readonly missing?: boolean
  /** A map or a list is wanted. */
  readonly structural?: boolean
  message(hidden: boolean): string
}

export function decodePointer(pointer: string): readonly string[] {
  return pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** What is to be told of ajv's errors: of alternatives only the one that was meant, and one fault for each value. */
export function faultsOf(errors: readonly ErrorObject[], noun: string): readonly Fault[] {
  const faults: Fault[] = []
  const told = new Set<string>()
  const meant = onlyMeantBranches(errors).filter((error) => error.keyword !== 'if' && error.propertyName === undefined)
  const slips = slipsOf(meant)

  for (const error of meant) {
    const fault = faultOf(error, noun)
    if (fault.missing && slips.has(`${fault.pointer}/${fault.key ?? ''}`)) continue
    const subject = fault.key === undefined ? fault.pointer : `${fault.pointer}/${fault.key}`
    if (told.has(subject)) continue
    told.add(subject)
    faults.push(fault)
  }
  return faults
}

/** Where an unknown key was surely meant as a missing one, the missing one is not told as well. */
function slipsOf(errors: readonly ErrorObject[]): ReadonlySet<string> {
  return new Set(errors.filter(({ keyword }) => keyword === 'additionalProperties').map((error) => `${error.instancePath}/${suggest(String(error.params.additionalProperty), knownKeys(error)) ?? ''}`))
}

function onlyMeantBranches(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  let kept = errors
  for (const error of errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')) {
    const alternatives = error.schema as readonly JsonSchema[]
    const meant = alternatives.indexOf(branchFor({ anyOf: alternatives }, error.data))
    const below = (other: ErrorObject) => other.schemaPath.startsWith(`${error.schemaPath}/`) && other.instancePath.startsWith(error.instancePath)
    const ofMeant = (other: ErrorObject) => meant >= 0 && other.schemaPath.startsWith(`${error.schemaPath}/${meant}/`)
    const told = kept.some((other) => below(other) && ofMeant(other))
    kept = kept.filter((other) => (other === error ? !told : !below(other) || ofMeant(other)))
  }
  return kept
}

function knownKeys(error: ErrorObject): readonly string[] {
  return Object.entries((error.parentSchema?.properties ?? {}) as object).filter(([, schema]) => schema !== false).map(([name]) => name)
}

function faultOf(error: ErrorObject, noun: string): Fault {
  const { keyword, instancePath: pointer, params } = error
  const schema = (error.parentSchema ?? {}) as JsonSchema

  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const key = String(params.additionalProperty ?? params.unevaluatedProperty)
    return { pointer, key, on: 'key', message: () => `unknown ${noun} "${shorten(key)}"${whatThereIs(key, knownKeys(error))}` }
  }
  if (keyword === 'required' || keyword === 'dependentRequired') {
    const key = String(params.missingProperty)
    return { pointer, key, on: 'key', missing: true, message: () => `the ${noun} "${key}" is missing` }
  }
  if (keyword === 'propertyNames') {
    const key = String(params.propertyName)
    const { description = 'a name: a lower-case letter, then letters, digits, - and _, 40 at most' } = (schema.propertyNames ?? {}) as { readonly description?: string }
    return { pointer, key, on: 'key', message: () => `"${shorten(key)}" is not ${description}` }
  }
  if (keyword === 'false schema') return { pointer, on: 'key', message: () => 'is not supported by this version; remove it' }
  return {
    pointer, on: 'value', structural: keyword === 'type' && ['object', 'array'].includes(String(params.type)),
    message: (hidden) => `${demandOf(error, schema)}${hidden || schema.writeOnly === true || tellsAll.test(keyword) ? '' : `, not ${show(error.data)}`}${choiceOf(error, hidden)}`,
  }
}

/** Keywords whose demand says enough: the value itself would add nothing. */
const tellsAll = /^(not|uniqueItems|(min|max)(Length|Items|Properties))$/

function choiceOf(error: ErrorObject, hidden: boolean): string {
  const words = error.keyword === 'enum' ? (error.schema as readonly unknown[]).map(String) : []
  return !hidden && typeof error.data === 'string' ? didYouMean(error.data, words) : ''
}

const byType: Readonly<Record<string, string>> = {
  string: 'text', integer: 'a whole number', number: 'a number', boolean: 'true or false', object: 'a mapping', array: 'a list', null: 'empty',
}

const aUrl = 'a URL such as http://127.0.0.1:3000/'

const byMark: Readonly<Record<string, string>> = {
  duration: 'a duration such as 250ms, 2s, 5m, 1h or 7d', bytes: 'a size such as 64KiB, 10MiB or 1GiB',
  share: 'a share such as 5%, 100% at most',
  path: 'a path', scripts: 'the path of a folder', document: 'a JSON Schema or the path of one',
}

/** What a schema wants, in a few words. */
export function kindOf(schema: JsonSchema): string {
  const mark = byMark[String(schema['x-portico'])]
  if (mark) return mark
  if (schema.format === 'uri') return aUrl
  if ('const' in schema) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return oneOf(schema.enum)
  const alternatives = branches(schema)
  if (alternatives.length > 0) return [...new Set(alternatives.map(kindOf))].join(' or ')
  return typesOf(schema).map((type) => byType[type] ?? type).join(' or ')
}

function typesOf({ type = 'object' }: JsonSchema): readonly string[] {
  return Array.isArray(type) ? (type as readonly string[]) : [type as string]
}

function oneOf(words: readonly unknown[]): string {
  return words.length === 1 ? JSON.stringify(words[0]) : `one of ${words.map(String).join(', ')}`
}

function demandOf({ keyword, schema: limit, message }: ErrorObject, schema: JsonSchema): string {
  const amount = Number(limit)
  switch (keyword) {
    case 'minimum': return `must be ${amount} or more`
    case 'maximum': return `must be ${amount} or less`
    case 'exclusiveMinimum': return `must be more than ${amount}`
    case 'exclusiveMaximum': return `must be less than ${amount}`
    case 'x-min': return `must be ${showAmount(amount, schema)} or more`
    case 'x-max': return `must be ${showAmount(amount, schema)} or less`
    case 'minLength': return amount === 1 ? 'must not be empty' : `must have ${amount} characters or more`
    case 'maxLength': return `must have ${amount} characters or fewer`
    case 'minItems': case 'minProperties': return `must have ${amount === 1 ? 'an entry' : `${amount} entries or more`}`
    case 'maxItems': case 'maxProperties': return `must have ${amount} entries or fewer`
    case 'uniqueItems': return 'must not hold one entry twice'
    case 'format': return limit === 'uri' ? `must be ${aUrl}` : `must be of the format ${String(limit)}`
    case 'type': case 'enum': case 'const': case 'anyOf': return `must be ${kindOf(schema)}`
    case 'not': return typeof schema.description === 'string' ? schema.description : 'cannot stand here'
    case 'pattern': return patternDemand(String(limit), schema)
    default: return message ?? 'is not valid'
  }
}

/** Few can read a long pattern: an example of the schema tells more. */
function patternDemand(pattern: string, schema: JsonSchema): string {
  if (pattern === namePattern) return 'must be a name: a lower-case letter, then letters, digits, - and _, 40 at most'
  if (byMark[String(schema['x-portico'])]) return `must be ${kindOf(schema)}`
  const [example] = Array.isArray(schema.examples) ? (schema.examples as readonly unknown[]) : []
  if (example !== undefined) return `must be of the form of ${JSON.stringify(example)}`
  return pattern.length > 60 ? 'has a form that cannot stand here' : `must match ${pattern}`
}

const scales: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  duration: [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1_000], ['ms', 1]],
  bytes: [['GiB', 1024 ** 3], ['MiB', 1024 ** 2], ['KiB', 1024], ['B', 1]],
  share: [['%', 0.01]],
}

function showAmount(amount: number, schema: JsonSchema): string {
  const [unit, factor] = scales[String(schema['x-portico'])]?.find(([, size]) => amount >= size && amount % size === 0) ?? ['', 1]
  return `${amount / factor}${unit}`
}

function show(value: unknown): string {
  if (value === null) return 'empty'
  const type = typeOf(value)
  if (type === 'object' || type === 'array') return byType[type] ?? type
  return shorten(JSON.stringify(value) ?? type)
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
