import type { JsonSchema } from '../../json.ts'
import type { Method } from './driver.ts'

/** How an operation is asked of a partner that speaks HTTP: the part of it that belongs to such a driver. */
export interface HttpForm {
  readonly method: Method
  readonly path: string
}

/** Segments of unreserved characters and placeholders; a dot segment, `//`, `?` and `%` do not fit in. */
const pathPattern = '^(/(?!\\.{1,2}(/|$))([A-Za-z0-9._~!$&\'()*+,;=:@-]|\\{[A-Za-z_][A-Za-z0-9_]{0,63}\\})+)+/?$|^/$'

/** What a driver that speaks HTTP declares as its `entry`. */
export const httpForm = {
  type: 'object',
  required: ['method', 'path'],
  properties: {
    method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], description: 'GET and DELETE send the input as the query, the others as the body.' },
    path: { type: 'string', pattern: pathPattern, maxLength: 1_000, description: 'Below the base URL; `{field}` is filled from the input, percent-encoded.' },
  },
} as const satisfies JsonSchema

/**
 * What a driver that stands in for another one declares: it takes what is declared for the other, and asks for none of it,
 * so that an operation need not change with its driver.
 */
export const standInForm: JsonSchema = { type: 'object', properties: httpForm.properties }

/** The part of an operation that is for HTTP; undefined when it is for something else. */
export function httpFormOf(declared: Partial<HttpForm>): HttpForm | undefined {
  const { method, path } = declared
  return method === undefined || path === undefined ? undefined : { ...declared, method, path }
}
