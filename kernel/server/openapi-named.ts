import type { Binding } from '../binding/binding.ts'
import type { JsonSchema } from '../json.ts'
import type { NamedCalls, NamedDescription } from '../ports/definition.ts'
import { isSchema } from './convert.ts'
import { operationOf } from './openapi-operation.ts'
import { asComponent } from './openapi-references.ts'
import type { HttpOperation } from './input.ts'

/** What stands for an operation that the keys declare: its path item, and the components that it refers to. */
export interface NamedPath {
  readonly path: string
  readonly item: JsonSchema
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

type Answer = { readonly description?: string; readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>> }

/** Each declared operation of a binding at the path that calls it, with its own schemas; the generic one is what they share. */
export function namedPaths({ name: binding, port, keys, capabilities }: Binding, operationName: string, operation: HttpOperation, { field, describe }: NamedCalls<unknown>): readonly NamedPath[] {
  if (!describe) return []
  const { parameters, requestBody: _body, responses, ...generic } = operationOf(port, operationName, operation, binding, capabilities)
  return Object.entries(describe(keys)).map(([name, described]) => {
    const prefix = `${binding}.operations.${name}`
    const schemas: Record<string, JsonSchema> = { [`${prefix}.input`]: asComponent(described.input ?? {}, `${prefix}.input`) }
    const item = {
      ...generic,
      // No binding is called `operations`: that is a key of the port.
      operationId: prefix,
      summary: described.summary ?? `${String(generic.summary)}: ${name}`,
      parameters: (parameters as readonly JsonSchema[]).filter((one) => one.in !== 'path' || one.name !== field),
      requestBody: bodyOf(described, `${prefix}.input`),
      responses: answersOf(responses as Readonly<Record<string, Answer>>, described, prefix, schemas, operation),
      ...described.extensions,
    }
    return { path: `/v1/${binding}${operation.http.path.replace(`:${field}`, name)}`, item, schemas }
  })
}

function bodyOf({ input }: NamedDescription, component: string): JsonSchema {
  const required = Array.isArray(input?.required) && input.required.length > 0
  return { required, content: { 'application/json': { schema: { $ref: `#/components/schemas/${component}` } } } }
}

/** The generic answers with what this operation answers in them, and what else its failures may be. */
function answersOf(generic: Readonly<Record<string, Answer>>, { answers = {}, failures = {} }: NamedDescription, prefix: string, schemas: Record<string, JsonSchema>, { output, http }: HttpOperation): Record<string, JsonSchema> {
  const found: Record<string, JsonSchema> = { ...(generic as Readonly<Record<string, JsonSchema>>) }
  for (const [status, { field, schema }] of Object.entries(answers)) {
    const component = `${prefix}.${field}.${status}`
    schemas[component] = asComponent(schema, component)
    found[status] = { ...generic[status], content: { 'application/json': { schema: withField(output, http.answer?.omit ?? [], field, component) } } }
  }
  for (const [status, words] of Object.entries(failures)) {
    const { description, ...rest } = generic[status] ?? { content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } }
    found[status] = { description: description === undefined ? words : `${description}; ${words}`, ...rest }
  }
  return found
}

function withField(output: JsonSchema, omit: readonly string[], field: string, component: string): JsonSchema {
  const properties = isSchema(output.properties) ? output.properties : {}
  const required = Array.isArray(output.required) ? output.required.filter((name) => !omit.includes(String(name))) : []
  const kept = Object.entries(properties).filter(([name]) => !omit.includes(name))
  return { ...output, required, properties: { ...Object.fromEntries(kept), [field]: { $ref: `#/components/schemas/${component}` } } }
}
