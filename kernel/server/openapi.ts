import type { Binding } from '../binding/binding.ts'
import { kernelErrors, type ErrorTable } from '../errors.ts'
import type { JsonSchema } from '../json.ts'
import type { AnyPort } from '../ports/definition.ts'
import { httpErrors } from './errors.ts'
import type { About } from './about.ts'
import { operationOf } from './openapi-operation.ts'
import { kernelPathItems } from './openapi-kernel.ts'
import { namedPaths } from './openapi-named.ts'
import { portSchemas } from './openapi-schemas.ts'
import { isHttp } from './port-routes.ts'

let kept: { readonly key: string; readonly keys: readonly unknown[]; readonly text: string } | undefined

/** The OpenAPI document as text; made once, and again only when the bindings are others. */
export function openApiText(about: About, bindings: ReadonlyMap<string, Binding>): string {
  const key = JSON.stringify([about, [...bindings.values()].map(({ name, port, expose, capabilities }) => [name, port.name, expose, capabilities])])
  const keys = Array.from(bindings.values(), (binding) => binding.keys)
  if (kept?.key !== key || !keys.every((one, index) => one === kept?.keys[index])) kept = { key, keys, text: JSON.stringify(openApi(about, bindings)) }
  return kept.text
}

/** OpenAPI 3.1 of every exposed binding, from the operations of its port. Schemas stand once per port. */
export function openApi(about: About, bindings: ReadonlyMap<string, Binding>): JsonSchema {
  const exposed = [...bindings.values()].filter((binding) => binding.expose)
  const ports = new Map(exposed.map(({ port }) => [port.name, port]))
  const schemas = Object.assign({}, ...[...ports.values()].map(portSchemas)) as Record<string, JsonSchema>

  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const binding of exposed) addPaths(paths, schemas, binding)

  return {
    openapi: '3.1.0',
    info: { title: about.name, version: about.version, description: 'Generated from the operations of the declared ports. Failures are RFC 9457 problems.' },
    tags: [...exposed.map(({ name, port }) => ({ name, description: port.summary })), { name: 'kernel', description: 'Health, metrics and the kernel itself.' }],
    paths: { ...paths, ...kernelPathItems },
    components: { schemas: { ...schemas, Problem: problemSchema([...ports.values()]) }, responses: { Problem: problemResponse } },
  }
}

function addPaths(paths: Record<string, Record<string, JsonSchema>>, schemas: Record<string, JsonSchema>, binding: Binding): void {
  const { name, port, capabilities } = binding
  const add = (path: string, method: string, described: JsonSchema) => {
    const item = (paths[path] ??= {})
    item[method] = item[method] ? both(item[method], described) : described
  }
  for (const [operationName, operation] of Object.entries(port.operations)) {
    if (!isHttp(operation)) continue
    const method = operation.http.method.toLowerCase()
    if (port.named?.operation === operationName && port.named.describe) {
      for (const one of namedPaths(binding, operationName, operation, port.named)) {
        add(one.path, method, one.item)
        Object.assign(schemas, one.schemas)
      }
      continue
    }
    add(`/v1/${name}${operation.http.path.replaceAll(/:(\w+)/g, '{$1}')}`, method, operationOf(port, operationName, operation, name, capabilities))
  }
}

/** Two operations on one route: one body or the other. */
function both(first: JsonSchema, second: JsonSchema): JsonSchema {
  return {
    ...first,
    summary: `${String(first.summary)}, or ${lowerFirst(String(second.summary))}`,
    requestBody: eitherContent(first.requestBody, second.requestBody),
    responses: eitherResponse(first.responses as Record<string, JsonSchema>, second.responses as Record<string, JsonSchema>),
  }
}

function eitherResponse(first: Record<string, JsonSchema>, second: Record<string, JsonSchema>): JsonSchema {
  const merged = { ...second, ...first }
  for (const status of Object.keys(first)) {
    if (second[status] && status.startsWith('2')) merged[status] = eitherContent(first[status], second[status])
  }
  return merged
}

type WithContent = { readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }

function eitherContent(first: unknown, second: unknown): JsonSchema {
  const a = first as WithContent
  const b = second as WithContent
  if (!a?.content || !b?.content) return (first ?? second) as JsonSchema
  const types = [...new Set([...Object.keys(a.content), ...Object.keys(b.content)])]
  const content = types.map((type) => [type, { schema: { anyOf: [a.content?.[type]?.schema, b.content?.[type]?.schema].filter((schema) => schema !== undefined) } }])
  return { ...a, content: Object.fromEntries(content) }
}

function problemSchema(ports: readonly AnyPort[]): JsonSchema {
  const tables: readonly ErrorTable[] = [httpErrors, kernelErrors, ...ports.map((port) => port.errors)]
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'code', 'detail', 'errors', 'retryable', 'requestId', 'traceId'],
    properties: {
      type: { type: 'string', description: 'urn:portico:error:<code>' },
      title: { type: 'string' },
      status: { type: 'integer' },
      code: { type: 'string', examples: [...new Set(tables.flatMap((table) => Object.keys(table)))].sort() },
      detail: { type: 'string' },
      errors: { type: 'array', items: { type: 'object', required: ['path', 'message'], properties: { path: { type: 'string', description: 'JSON pointer' }, message: { type: 'string' } } } },
      retryable: { type: 'boolean', description: 'Whether the same request may succeed when it is sent again unchanged.' },
      reason: { type: 'string', description: 'The name that the manifest gives this failure, as for an error answer of a partner.' },
      requestId: { type: 'string' },
      traceId: { type: 'string' },
    },
  }
}

const problemResponse: JsonSchema = {
  description: 'A problem (RFC 9457).',
  headers: { 'X-Request-Id': { schema: { type: 'string' } }, 'Retry-After': { description: 'Seconds; with 429 and 503.', schema: { type: 'integer' } } },
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
