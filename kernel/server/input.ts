import type { IncomingHttpHeaders } from 'node:http'
import type { JsonSchema } from '../json.ts'
import type { HttpBinding, HttpSource, Operation } from '../ports/definition.ts'
import { badText } from '../ports/text.ts'
import { convert, propertyOf } from './convert.ts'
import { httpError, invalid } from './errors.ts'
import { parseQuery } from './query.ts'

/** What of a request an operation's input is read from. */
export interface RequestParts {
  readonly params: Readonly<Record<string, string>>
  /** As sent, with its query. */
  readonly url: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** An operation that has a route. */
export type HttpOperation = Operation & { readonly http: HttpBinding }

/**
 * The reader of one operation's input. Query and path are text, and are converted as the input schema's types say; what
 * does not convert stays text, for the binding's own check to name.
 * @throws INPUT_INVALID for an unknown or repeated query parameter, a name that routes cannot carry, or a header's form.
 * @throws HTTP_BODY_MALFORMED for a body that is no object where its fields are input fields.
 */
export function inputReader(operation: HttpOperation, title: string): (request: RequestParts) => Record<string, unknown> {
  const { http, input: schema } = operation
  const path = pathFields(http.path)
  const sources = Object.entries(http.from ?? {})
  const query = new Map(sources.flatMap(([field, source]) => ('query' in source ? [[source.query, field] as const] : [])))
  const headers = sources.flatMap(([field, source]) => ('header' in source ? [[field, source] as const] : []))
  const renamed = sources.flatMap(([field, source]) => ('body' in source ? [[source.body, field] as const] : []))
  const elsewhere = [...path, ...sources.map(([field]) => field)].filter((field) => !renamed.some(([name]) => name === field))
  // Of a raw request every header is part of what is handed on.
  const preconditions = operation.effect === 'write' && http.raw === undefined ? undeclared(headers.map(([, source]) => source.header.toLowerCase())) : []

  return (request) => {
    const input: Record<string, unknown> = {}
    if (http.raw !== undefined) {
      input[http.raw] = { method: request.method, headers: request.headers, body: request.body ?? noBytes }
    } else if (http.body !== undefined) {
      if (request.body !== undefined) input[http.body] = request.body
    } else if (request.body !== undefined) {
      mergeBody(input, request.body, elsewhere, renamed, title)
    }

    for (const field of path) input[field] = convert(pathName(request.params[field] ?? '', field, title), propertyOf(schema, field))
    for (const name of preconditions) if (request.headers[name] !== undefined) throw invalid(title, name, 'is not taken by this operation')
    for (const [field, source] of headers) readHeader(input, field, source, request.headers, title)

    const start = request.url.indexOf('?')
    if (start !== -1) readQuery(input, request.url.slice(start + 1), query, schema, title)
    return input
  }
}

const noBytes = Buffer.alloc(0)

/** Far above what any operation takes. */
const maxFields = 1_000

/** The input fields that stand in a route's path. */
export function pathFields(path: string): readonly string[] {
  return [...path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '')
}

/** A header that would change the meaning of a write must never be ignored. */
function undeclared(declared: readonly string[]): readonly string[] {
  return ['if-match', 'if-none-match', 'idempotency-key', 'portico-fence'].filter((name) => !declared.includes(name))
}

function mergeBody(input: Record<string, unknown>, body: unknown, elsewhere: readonly string[], renamed: readonly (readonly [string, string])[], title: string): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw httpError('HTTP_BODY_MALFORMED', { reason: 'the body must be a JSON object' }, { errors: [{ path: '', message: 'must be an object' }] })
  }
  const names = Object.keys(body)
  if (names.length > maxFields) throw httpError('HTTP_BODY_MALFORMED', { reason: `the body has more than ${maxFields} fields` }, { errors: [{ path: '', message: `must have at most ${maxFields} fields` }] })
  for (const [name, field] of renamed) if (name !== field && Object.hasOwn(body, field)) throw invalid(title, field, 'is not a field of this body')
  for (const [name, value] of Object.entries(body)) input[renamed.find(([own]) => own === name)?.[1] ?? name] = value
  for (const field of elsewhere) if (Object.hasOwn(body, field)) throw invalid(title, field, 'is not read from the body')
}

/** Names that begin with `_` are actions, and clients collapse `.` and `..`. */
function pathName(name: string, field: string, title: string): string {
  if (name.startsWith('_')) throw invalid(title, field, 'must not start with "_": such names are actions')
  if (name === '.' || name === '..') throw invalid(title, field, 'must not be "." or "..": clients collapse them in a path')
  const bad = badText(name)
  if (bad) throw invalid(title, field, bad)
  return name
}

function readQuery(input: Record<string, unknown>, text: string, fields: ReadonlyMap<string, string>, schema: JsonSchema, title: string): void {
  for (const [name, value] of parseQuery(text, title)) {
    const field = fields.get(name)
    if (field === undefined) throw invalid(title, name, 'is not a query parameter of this route')
    if (Object.hasOwn(input, field)) throw invalid(title, name, 'is given twice')
    input[field] = convert(value, propertyOf(schema, field))
  }
}

const fenceText = /^(\d{1,16}) ([\x21-\x7e]{1,1000})$/

/** `42 orders%2F7`; the name is percent-encoded, for a header is ASCII. */
function readFence(text: unknown, header: string, title: string): { readonly lock: string; readonly fencingToken: number } {
  const [, token = '', name = ''] = (typeof text === 'string' && fenceText.exec(text)) || []
  const lock = decoded(name)
  if (token === '' || lock === undefined) throw invalid(title, header, 'must be a fencing token, a space, and the name of the lock, percent-encoded')
  return { lock, fencingToken: Number(token) }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const quotedVersion = /^"([\x21\x23-\x7e]*)"$/

function readHeader(input: Record<string, unknown>, field: string, source: Extract<HttpSource, { header: string }>, headers: IncomingHttpHeaders, title: string): void {
  const text = headers[source.header.toLowerCase()]
  if (text === undefined) return
  if (source.form === 'text') {
    input[field] = text
    return
  }
  if (source.form === 'fence') {
    input[field] = readFence(text, source.header, title)
    return
  }
  if (text === '*') {
    input[field] = source.form === 'any' ? true : '*'
    return
  }
  if (source.form === 'any') throw invalid(title, source.header, 'must be *')

  const version = typeof text === 'string' ? quotedVersion.exec(text)?.[1] : undefined
  if (version === undefined) throw invalid(title, source.header, 'must be one quoted version as ETag gave it, or *')
  input[field] = version
}
