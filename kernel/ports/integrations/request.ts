import type { FieldError } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { HttpRequest } from './driver.ts'
import type { HttpForm } from './http-form.ts'

/** What servers commonly take as a request line. */
const maxPathLength = 8_000
const maxQueryFields = 1_000

export type MadeRequest = { readonly request: HttpRequest } | { readonly errors: readonly FieldError[] }

/**
 * The request over HTTP that an operation and its input make: placeholders filled from the input's fields, one path segment part
 * each; what is left goes to the query (GET, DELETE) or the body. No input leads out of the declared path.
 */
export function makeRequest(declared: HttpForm, input: Json): MadeRequest {
  const errors: FieldError[] = []
  const fields = isObject(input) ? input : undefined
  const used = new Set<string>()

  const filled = declared.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    used.add(name)
    const text = scalarText(fields && Object.hasOwn(fields, name) ? fields[name] : undefined)
    const message = text === undefined ? 'is required by the path: a text, number or boolean' : badSegment(text)
    if (message) errors.push({ path: `/input/${name}`, message })
    return text === undefined ? '' : encodeURIComponent(text)
  })
  // `a.{x}` with a dot: each part is harmless, and together they are not.
  if (errors.length === 0 && /(^|\/)\.{1,2}(\/|$)/.test(filled)) errors.push({ path: '/input', message: 'would lead out of the path' })
  if (fields === undefined && (used.size > 0 || hasNoBody(declared)) && input !== null) errors.push({ path: '/input', message: 'must be an object' })

  const rest = fields && used.size > 0 ? without(fields, used) : input
  const query = hasNoBody(declared) && isObject(rest) ? makeQuery(rest, errors) : ''
  const path = query === '' ? filled : `${filled}?${query}`
  if (path.length > maxPathLength) errors.push({ path: '/input', message: `makes a path of more than ${maxPathLength} characters` })
  if (errors.length > 0) return { errors }

  const base = { method: declared.method, path }
  return { request: hasNoBody(declared) ? base : { ...base, body: JSON.stringify(rest) } }
}

function hasNoBody({ method }: HttpForm): boolean {
  return method === 'GET' || method === 'DELETE'
}

/** A value that leads elsewhere for a partner that decodes before it looks: `../admin` is refused even when encoded. */
function badSegment(text: string): string | undefined {
  if (text === '') return 'must not be empty: it is part of the path'
  return text.split(/[/\\]/).some((part) => part === '.' || part === '..') ? 'must not lead out of the path' : undefined
}

function makeQuery(fields: JsonObject, errors: FieldError[]): string {
  const query = new URLSearchParams()
  let count = 0
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as readonly Json[]) : [value]) {
      const text = scalarText(one)
      if (text === undefined) {
        errors.push({ path: `/input/${name.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 100).toWellFormed()}`, message: 'must be a text, number, boolean or a list of these: it goes to the query' })
        break
      }
      query.append(name, text)
    }
    count += Array.isArray(value) ? value.length : 1
    if (count > maxQueryFields || errors.length >= 20) break
  }
  if (count > maxQueryFields) errors.push({ path: '/input', message: `has more than ${maxQueryFields} values for the query` })
  return query.toString()
}

function scalarText(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function without(fields: JsonObject, used: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !used.has(name)))
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
