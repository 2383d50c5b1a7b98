import addFormats from 'ajv-formats'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import type { FieldError } from '../errors.ts'
import type { JsonSchema } from '../json.ts'

/** Beyond these, one more error tells a caller nothing. */
const maxErrors = 20

/** Every way in which a value breaks a schema, at most 20, by JSON pointer; empty when it keeps it. */
export type SchemaCheck = (value: unknown) => readonly FieldError[]

/**
 * The check of a JSON Schema 2020-12 that the manifest's owner wrote, `format` included; compiled at its first use.
 * An unknown keyword or format is ignored, as the standard says; the manifest's check has compiled it before.
 */
export function schemaCheck(schema: JsonSchema): SchemaCheck {
  let validate: ValidateFunction | undefined

  return (value) => {
    validate ??= compile(schema)
    return validate(value) ? [] : fieldErrorsOf(validate.errors ?? [])
  }
}

function compile(schema: JsonSchema): ValidateFunction {
  // An instance of its own each time: two documents may carry the same `$id`.
  const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false, ownProperties: true, validateSchema: false })
  addFormats.default(ajv)
  return ajv.compile(schema)
}

function fieldErrorsOf(errors: readonly ErrorObject[]): readonly FieldError[] {
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
  if (keyword === 'required') return { path: at(given.missingProperty), message: 'is required' }
  if (keyword === 'enum') return { path: instancePath, message: `must be one of ${JSON.stringify(given.allowedValues).slice(0, 200)}` }
  if (keyword === 'const') return { path: instancePath, message: `must be ${JSON.stringify(given.allowedValue).slice(0, 200)}` }
  return { path: instancePath, message: message ?? 'is not valid' }
}
