import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { kernelError, type FieldError } from '../errors.ts'
import type { JsonSchema } from '../json.ts'

/** Beyond these, one more error tells a caller nothing. */
const maxErrors = 20

let ajv: Ajv2020 | undefined

/**
 * A check of one operation's input, compiled at the first call and then kept for as long as its schema is.
 * It throws INPUT_INVALID with every field that is wrong.
 */
export function inputCheck(schema: JsonSchema, operation: string): (input: unknown) => void {
  let validate: ValidateFunction | undefined

  return (input) => {
    validate ??= compile(schema)
    if (validate(input)) return
    throw kernelError('INPUT_INVALID', { operation }, { errors: fieldErrors(validate.errors ?? []) })
  }
}

const compiled = new WeakMap<JsonSchema, ValidateFunction>()

function compile(schema: JsonSchema): ValidateFunction {
  let validate = compiled.get(schema)
  if (!validate) {
    ajv ??= new Ajv2020({ allErrors: true, strict: false, validateFormats: false, ownProperties: true })
    compiled.set(schema, (validate = ajv.compile(schema)))
  }
  return validate
}

/** ajv's errors as JSON pointers and words; an unknown field is named by its own path. */
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
  const at = (name: unknown) => `${instancePath}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return { path: at(params['additionalProperty'] ?? params['unevaluatedProperty']), message: 'unknown field' }
    case 'required':
      return { path: at(params['missingProperty']), message: 'is required' }
    case 'enum':
      return { path: instancePath, message: `must be one of ${(params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}` }
    case 'const':
      return { path: instancePath, message: `must be ${JSON.stringify(params['allowedValue'])}` }
    default:
      return { path: instancePath, message: message ?? 'is not valid' }
  }
}
