import { kernelErrors, type ErrorTable } from '../errors.ts'
import type { JsonSchema } from '../json.ts'
import type { AnyPort } from '../ports/definition.ts'
import { httpErrors } from './errors.ts'
import { pathFields, type HttpOperation } from './input.ts'
import { bodyName, bodySchema, fieldSchema, outputName } from './openapi-schemas.ts'

/** One operation of one binding as an OpenAPI operation. */
export function operationOf(port: AnyPort, name: string, operation: HttpOperation, binding: string, capabilities: readonly string[]): JsonSchema {
  const body = bodySchema(operation)
  return {
    operationId: `${binding}.${name}`,
    tags: [binding],
    summary: operation.summary,
    ...describeNeeds(operation, capabilities),
    parameters: parametersOf(operation),
    ...(body ? { requestBody: requestBody(port, name, operation, body) } : {}),
    responses: { ...successes(port, name, operation), ...failures(port, operation, body !== undefined) },
  }
}

function describeNeeds({ needs }: HttpOperation, capabilities: readonly string[]): JsonSchema {
  const missing = [needs?.operation, ...Object.values(needs?.arguments ?? {})].filter((capability) => capability !== undefined && !capabilities.includes(capability))
  return missing.length === 0 ? {} : { description: `This binding's driver lacks: ${[...new Set(missing)].join(', ')}.` }
}

function parametersOf(operation: HttpOperation): readonly JsonSchema[] {
  const { http, input } = operation
  const required = Array.isArray(input.required) ? input.required : []
  const parameters: JsonSchema[] = pathFields(http.path).map((name) => ({ name, in: 'path', required: true, schema: fieldSchema(operation, name) }))

  for (const [field, source] of Object.entries(http.from ?? {})) {
    if ('query' in source) parameters.push({ name: source.query, in: 'query', required: required.includes(field), schema: fieldSchema(operation, field) })
    else if ('header' in source) {
      const description = headerWords[source.form]
      parameters.push({ name: source.header, in: 'header', required: required.includes(field), description, schema: { type: 'string' } })
    }
  }
  if (http.method === 'GET' && http.answer?.etag !== undefined) {
    parameters.push({ name: 'If-None-Match', in: 'header', required: false, description: 'Answers 304 while the version is still this one.', schema: { type: 'string' } })
  }
  for (const name of ['X-Request-Id', 'traceparent']) parameters.push({ name, in: 'header', required: false, schema: { type: 'string' } })
  return parameters
}

function requestBody(port: AnyPort, name: string, { http, input }: HttpOperation, body: JsonSchema): JsonSchema {
  const wanted = Array.isArray(input.required) ? input.required : []
  const required = http.body === undefined ? Array.isArray(body.required) && body.required.length > 0 : wanted.includes(http.body)
  const schema = { $ref: `#/components/schemas/${bodyName(port, name)}` }
  return { required, content: Object.fromEntries((http.mediaTypes ?? ['application/json']).map((type) => [type, { schema }])) }
}

function successes(port: AnyPort, name: string, { http }: HttpOperation): Record<string, JsonSchema> {
  const statuses = typeof http.status === 'number' ? [http.status] : [http.status.then, http.status.else]
  const headers: Record<string, JsonSchema> = {
    'X-Request-Id': { schema: { type: 'string' } },
    'Portico-Degraded': { description: 'The binding, when a fallback answered.', schema: { type: 'string' } },
  }
  if (http.answer?.etag !== undefined) headers.ETag = { description: 'The quoted version.', schema: { type: 'string' } }
  if (http.answer?.location !== undefined) headers.Location = { schema: { type: 'string' } }

  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${outputName(port, name)}` } } }
  const found: Record<string, JsonSchema> = {}
  for (const status of statuses) found[status] = { description: describeStatus(status), headers, ...(status === 204 ? {} : { content }) }
  if (http.method === 'GET' && http.answer?.etag !== undefined) found[304] = { description: 'Not modified.', headers }
  return found
}

function describeStatus(status: number): string {
  const words: Readonly<Record<number, string>> = { 200: 'Done.', 201: 'Made.', 202: 'Accepted for later.', 204: 'Done, nothing to tell.' }
  return words[status] ?? 'Done.'
}

/** Every status that the port, the wrapper or the server can answer with, each with its codes. */
function failures(port: AnyPort, { http }: HttpOperation, hasBody: boolean): Record<string, JsonSchema> {
  const byStatus = new Map<number, Set<string>>()
  const note = (table: ErrorTable, codes: readonly string[]) => {
    for (const code of codes) {
      const status = table[code]?.status
      if (status === undefined || status === 499) continue
      byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code))
    }
  }
  note(kernelErrors, ['INPUT_INVALID', 'BINDING_NOT_FOUND', 'BINDING_UNAVAILABLE', 'KERNEL_DRAINING', 'CALL_DEADLINE_EXCEEDED', 'CALL_OUTCOME_UNKNOWN', 'KERNEL_BUG'])
  note(httpErrors, ['HTTP_URL_MALFORMED', 'HTTP_URL_TOO_LONG', 'HTTP_HOST_FORBIDDEN', 'HTTP_ORIGIN_FORBIDDEN', 'HTTP_HEADERS_TOO_LARGE'])
  if (hasBody) note(httpErrors, ['HTTP_BODY_MALFORMED', 'HTTP_BODY_TOO_LARGE', 'HTTP_MEDIA_TYPE_UNSUPPORTED', 'HTTP_REQUEST_TIMEOUT'])
  note(port.errors, Object.keys(port.errors))
  if (http.nullIs !== undefined) note({ ...kernelErrors, ...port.errors }, [http.nullIs])

  const found: Record<string, JsonSchema> = {}
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    found[status] = { description: [...codes].sort().map((code) => `\`${code}\``).join(', '), content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
  }
  return { ...found, default: { $ref: '#/components/responses/Problem' } }
}

const headerWords = {
  any: 'Only `*`: no record may exist yet.',
  fence: 'The fencing token of a lock, a space, and the name of the lock, percent-encoded: refused when a later holder has written.',
  etag: 'A quoted version as `ETag` gave it, or `*`.',
  text: 'A key of your own for this write: the same key with the same request, within 24 hours, is answered as the first was.',
} as const
