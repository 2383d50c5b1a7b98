import type { Ajv2020, AnySchema, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { loadAjv } from '../ajv.ts'
import type { JsonSchema } from '../json.ts'
import { surelyValid } from './surely-valid.ts'
import { parseBytes, parseDuration, parseShare } from './units.ts'

let judge: Ajv2020 | undefined
const compiled = new WeakMap<JsonSchema, ValidateFunction>()

/**
 * Every way in which a value breaks a schema of ours; empty when it keeps it.
 * @throws Error when the schema itself is not valid, which only a plugin's own can be.
 */
export function errorsOfValue(schema: JsonSchema, value: unknown): readonly ErrorObject[] {
  if (surelyValid(schema, value)) return []
  return compiledErrors(schema, value)
}

/** The same, by ajv alone. */
export function compiledErrors(schema: JsonSchema, value: unknown): readonly ErrorObject[] {
  let validate = compiled.get(schema)
  if (!validate) {
    judge ??= makeJudge()
    validate = judge.compile(schema as AnySchema)
    compiled.set(schema, validate)
  }
  return validate(value) ? [] : (validate.errors ?? [])
}

function makeJudge(): Ajv2020 {
  // The schemas are code, and a fault in one shows when it is compiled: checking each against the meta-schema would cost 20 ms a start.
  const { Ajv2020 } = loadAjv()
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, strictTypes: false, strictTuples: false, strictRequired: false, validateSchema: false, logger: false, meta: false })
  ajv.addVocabulary(['x-portico', 'x-setting'])
  ajv.addKeyword({ keyword: 'x-min', schemaType: 'number', type: 'string', errors: false, validate: (limit: number, text: string) => (amountOf(text) ?? limit) >= limit })
  ajv.addKeyword({ keyword: 'x-max', schemaType: 'number', type: 'string', errors: false, validate: (limit: number, text: string) => (amountOf(text) ?? limit) <= limit })
  ajv.addFormat('uri', { type: 'string', validate: (text: string) => URL.canParse(text) })
  return ajv
}

function amountOf(text: string): number | undefined {
  return parseDuration(text) ?? parseBytes(text) ?? parseShare(text)
}

/** Why a document that the manifest names is no JSON Schema; undefined when it is one. */
export function faultOfDocument(document: unknown): string | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return 'a JSON Schema is an object'
  try {
    const { Ajv2020 } = loadAjv()
    // An instance of its own each time: two documents may carry the same `$id`.
    const validate = new Ajv2020({ strict: false, logger: false, validateFormats: false }).compile(document)
    // A reference that leads to itself on the same value compiles, and never ends.
    for (const sample of [null, true, 0, '', [], {}]) validate(sample)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return 'it refers to itself without an end'
    return error instanceof Error ? error.message.split(/\n|, /)[0] : String(error)
  }
}
