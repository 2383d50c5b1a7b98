import type { FieldError } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { HttpRequest } from './driver.ts'
import type { HttpForm } from './http-form.ts'
import { Filling, hasPlaceholder, scalarText } from './template.ts'

/** What servers commonly take as a request line, and as a header. */
const maxPathLength = 8_000
const maxHeaderLength = 4_000
const maxQueryFields = 1_000
const maxErrors = 20

export type MadeRequest = { readonly request: HttpRequest } | { readonly errors: readonly FieldError[] }

/**
 * What makes the request over HTTP of an operation and its input: path, headers and query filled from the fields that they name;
 * what is left goes to the query (GET, DELETE) or the body. No input leads out of the declared path. The path that it makes is as
 * a URL would write it. What no input can change is worked out here, once.
 */
export function requestMaker(declared: HttpForm): (input: Json) => MadeRequest {
  const { method, path, query = {}, headers } = declared
  const texts = [path, ...Object.values(query), ...Object.values(headers ?? {})]
  if (hasNoBody(declared) || Object.keys(query).length > 0 || texts.some(hasPlaceholder)) return (input) => makeRequest(declared, input)

  const fixed = { method, path, ...(headers && { headers: Object.freeze(Object.fromEntries(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]))) }) }
  return (input) => ({ request: { ...fixed, body: JSON.stringify(input) } })
}

function makeRequest(declared: HttpForm, input: Json): MadeRequest {
  const fields = isObject(input) ? input : undefined
  const filling = new Filling(fields)
  const { errors, used } = filling

  const filled = filling.fill(declared.path, 'path', (text) => badSegment(text) ?? encodeURIComponent(text))
  // `a.{x}` with a dot: each part is harmless, and together they are not.
  if (errors.length === 0 && /(^|\/)\.{1,2}(\/|$)/.test(filled)) errors.push({ path: '/input', message: 'would lead out of the path' })
  const headers = makeHeaders(declared, filling)
  const query = new URLSearchParams()
  fillQuery(query, declared, filling)
  if (fields === undefined && (used.size > 0 || hasNoBody(declared)) && input !== null) errors.push({ path: '/input', message: 'must be an object' })

  const rest = fields && used.size > 0 ? without(fields, used) : input
  if (hasNoBody(declared) && isObject(rest)) addRest(query, rest, declared, filling)
  if (query.size > maxQueryFields) errors.push({ path: '/input', message: `has more than ${maxQueryFields} values for the query` })
  const path = query.size === 0 ? filled : `${filled}?${query.toString()}`
  if (path.length > maxPathLength) errors.push({ path: '/input', message: `makes a path of more than ${maxPathLength} characters` })
  if (errors.length > 0) return { errors }

  return { request: { method: declared.method, path, ...(headers && { headers }), ...(!hasNoBody(declared) && { body: JSON.stringify(rest) }) } }
}

function hasNoBody({ method }: HttpForm): boolean {
  return method === 'GET' || method === 'DELETE'
}

/** A value that leads elsewhere for a partner that decodes before it looks: `../admin` is refused even when encoded. */
function badSegment(text: string): { readonly bad: string } | undefined {
  if (text === '') return { bad: 'must not be empty: it is part of the path' }
  return text.split(/[/\\]/).some((part) => part === '.' || part === '..') ? { bad: 'must not lead out of the path' } : undefined
}

/** A header that is nothing but one field is left out with it. */
function makeHeaders({ headers = {} }: HttpForm, filling: Filling): Readonly<Record<string, string>> | undefined {
  const made = Object.entries(headers).flatMap(([name, template]) => {
    const lone = filling.lone(template)
    if (lone && lone.value === undefined) return []
    return [[name.toLowerCase(), filling.fill(template, 'headers', (text) => (isHeaderValue(text) ? text : { bad: `must be visible ASCII, ${maxHeaderLength} characters at most: it goes to a header` }))] as const]
  })
  return made.length > 0 ? Object.fromEntries(made) : undefined
}

function isHeaderValue(text: string): boolean {
  return text.length <= maxHeaderLength && /^[\x20-\x7e]*$/.test(text)
}

/** A parameter that is nothing but one field is left out with it, and repeated for a list. */
function fillQuery(query: URLSearchParams, { query: declared = {} }: HttpForm, filling: Filling): void {
  for (const [name, template] of Object.entries(declared)) {
    const lone = filling.lone(template)
    if (!lone) query.append(name, filling.fill(template, 'query', (text) => text))
    else if (lone.value !== undefined) addValue(query, name, lone.value, lone.name, filling)
  }
}

function addRest(query: URLSearchParams, rest: JsonObject, { query: declared = {} }: HttpForm, filling: Filling): void {
  for (const [name, value] of Object.entries(rest)) {
    // Two values of one parameter: which one counts is anybody's guess.
    if (Object.hasOwn(declared, name)) filling.fail(name, 'is a parameter that the operation fills from another field')
    else addValue(query, name, value, name, filling)
    if (query.size > maxQueryFields || filling.errors.length >= maxErrors) return
  }
}

function addValue(query: URLSearchParams, name: string, value: Json, field: string, filling: Filling): void {
  for (const one of Array.isArray(value) ? (value as readonly Json[]).slice(0, maxQueryFields + 1) : [value]) {
    const text = scalarText(one)
    if (text === undefined) return filling.fail(field, 'must be a text, number, boolean or a list of these: it goes to the query')
    query.append(name, text)
  }
}

function without(fields: JsonObject, used: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !used.has(name)))
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
