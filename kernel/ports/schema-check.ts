import type { ValidateFunction } from 'ajv/dist/2020.js'
import { loadAjv, loadFormats } from '../ajv.ts'
import type { FieldError } from '../errors.ts'
import { fieldCheck } from '../field-errors.ts'
import type { JsonSchema } from '../json.ts'

/** Every way in which a value breaks a schema, at most 20 (of a large value the first one), by JSON pointer; empty when it keeps it. */
export type SchemaCheck = (value: unknown) => readonly FieldError[]

/**
 * The check of a JSON Schema 2020-12 that the manifest's owner wrote, `format` included; compiled at its first use.
 * An unknown keyword or format is ignored, as the standard says; the manifest's check has compiled it before.
 */
export function schemaCheck(schema: JsonSchema): SchemaCheck {
  return fieldCheck(({ allErrors }) => compile(schema, allErrors))
}

function compile(schema: JsonSchema, allErrors: boolean): ValidateFunction {
  // An instance of its own each time: two documents may carry the same `$id`.
  const { Ajv2020 } = loadAjv()
  const ajv = new Ajv2020({ allErrors, strict: false, logger: false, ownProperties: true, validateSchema: false })
  loadFormats()(ajv)
  return ajv.compile(schema)
}
