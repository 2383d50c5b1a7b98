import type { Json } from '../../json.ts'
import { schemaCheck, type SchemaCheck } from '../schema-check.ts'
import { httpFormOf, type HttpForm } from './http-form.ts'
import { isIdempotent, type DeclaredOperation } from './keys.ts'
import { requestMaker, type MadeRequest } from './request.ts'

/** A declared operation, ready to be called. */
export interface ReadyOperation {
  readonly name: string
  readonly binding: string
  readonly declared: DeclaredOperation
  readonly idempotent: boolean
  /** What of it is for HTTP. */
  readonly http?: HttpForm
  readonly makeHttp?: (input: Json) => MadeRequest
  readonly checkInput: SchemaCheck
  readonly checkOutput: SchemaCheck
}

export function makeReady(binding: string, name: string, declared: DeclaredOperation): ReadyOperation {
  const check = (schema: DeclaredOperation['input']) => (schema ? schemaCheck(schema) : () => [])
  const http = httpFormOf(declared)
  return {
    name, binding, declared, idempotent: isIdempotent(declared), ...(http ? { http, makeHttp: requestMaker(http) } : {}),
    checkInput: check(declared.input), checkOutput: check(declared.output),
  }
}
