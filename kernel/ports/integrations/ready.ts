import { schemaCheck, type SchemaCheck } from '../schema-check.ts'
import { isIdempotent, type DeclaredOperation } from './keys.ts'

/** A declared operation, ready to be called. */
export interface ReadyOperation {
  readonly name: string
  readonly binding: string
  readonly declared: DeclaredOperation
  readonly idempotent: boolean
  readonly checkInput: SchemaCheck
  readonly checkOutput: SchemaCheck
}

export function makeReady(binding: string, name: string, declared: DeclaredOperation): ReadyOperation {
  const check = (schema: DeclaredOperation['input']) => (schema ? schemaCheck(schema) : () => [])
  return { name, binding, declared, idempotent: isIdempotent(declared), checkInput: check(declared.input), checkOutput: check(declared.output) }
}
