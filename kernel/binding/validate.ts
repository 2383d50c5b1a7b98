import type { Ajv2020 } from 'ajv/dist/2020.js'
import { loadAjv } from '../ajv.ts'
import { kernelError, type FieldError } from '../errors.ts'
import { fieldCheck } from '../field-errors.ts'
import type { JsonSchema } from '../json.ts'

/**
 * A check of one operation's input, compiled at the first call and then kept for as long as its schema is.
 * It throws INPUT_INVALID with every field that is wrong, or of a large input with the first one.
 */
export function inputCheck(schema: JsonSchema, operation: string): (input: unknown) => void {
  const check = checkOf(schema)

  return (input) => {
    const errors = check(input)
    if (errors.length > 0) throw kernelError('INPUT_INVALID', { operation }, { errors })
  }
}

type Check = (input: unknown) => readonly FieldError[]

const checks = new WeakMap<JsonSchema, Check>()
let firstOf: Ajv2020 | undefined
let allOf: Ajv2020 | undefined

/** One for all bindings of a port. */
function checkOf(schema: JsonSchema): Check {
  let check = checks.get(schema)
  if (!check) checks.set(schema, (check = fieldCheck(({ allErrors }) => (allErrors ? (allOf ??= makeAjv(true)) : (firstOf ??= makeAjv(false))).compile(schema))))
  return check
}

function makeAjv(allErrors: boolean): Ajv2020 {
  const { Ajv2020 } = loadAjv()
  return new Ajv2020({ allErrors, strict: false, validateFormats: false, ownProperties: true })
}
