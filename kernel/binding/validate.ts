import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { kernelError } from '../errors.ts'
import { fieldErrors } from '../field-errors.ts'
import type { JsonSchema } from '../json.ts'

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
