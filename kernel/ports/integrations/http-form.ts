import type { JsonSchema } from '../../json.ts'
import type { KeyFault } from '../definition.ts'
import type { Method } from './driver.ts'

/** How an operation is asked of a partner that speaks HTTP: the part of it that belongs to such a driver. */
export interface HttpForm {
  readonly method: Method
  readonly path: string
  /** Texts with placeholders, by parameter and by header. */
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** The statuses of an answer; every 2xx unless set. */
  readonly expect?: readonly number[]
  /** By status. */
  readonly errors?: Readonly<Record<string, DeclaredError>>
}

/** What an error answer of the partner means. */
export interface DeclaredError {
  readonly code: string
  /** False unless set. */
  readonly retryable?: boolean
  /** What the caller is answered over HTTP; 502 unless set. */
  readonly status?: number
}

/** Segments of unreserved characters and placeholders; a dot segment, `//`, `?` and `%` do not fit in. */
const pathPattern = '^(/(?!\\.{1,2}(/|$))([A-Za-z0-9._~!$&\'()*+,;=:@-]|\\{[A-Za-z_][A-Za-z0-9_]{0,63}\\})+)+/?$|^/$'

const templateSchema = { type: 'string', maxLength: 1_000, pattern: '^([\\x20-\\x7a\\x7c\\x7e]|\\{[A-Za-z_][A-Za-z0-9_]{0,63}\\})*$' } as const satisfies JsonSchema

/** What a driver that speaks HTTP declares as its `entry`. */
export const httpForm = {
  type: 'object',
  required: ['method', 'path'],
  properties: {
    method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], description: 'GET and DELETE send the input as the query, the others as the body.' },
    path: { type: 'string', pattern: pathPattern, maxLength: 1_000, description: 'Below the base URL; `{field}` is filled from the input, percent-encoded.' },
    query: {
      type: 'object', propertyNames: { minLength: 1, maxLength: 100, description: 'a parameter name of 1 to 100 characters' }, additionalProperties: templateSchema,
      description: 'Parameters of the query, by name: texts in which `{field}` is filled from the input. One that is nothing but `{field}` is left out when the input has no such field, and repeated for a list.',
    },
    headers: {
      type: 'object', propertyNames: { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$", description: 'a header name' }, additionalProperties: templateSchema,
      description: 'Headers, by name: texts in which `{field}` is filled from the input. One that is nothing but `{field}` is left out when the input has no such field.',
    },
    expect: {
      type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: { type: 'integer', minimum: 200, maximum: 499, not: { const: 429 } },
      description: 'The statuses whose answer is the output, such as `[200, 404]`; every 2xx unless set.',
    },
    errors: {
      type: 'object', propertyNames: { pattern: '^[45][0-9]{2}$', description: 'a status from 400 to 599' },
      description: 'What an answer with that status means, such as `{ 409: { code: ALREADY_CHARGED } }`.',
      additionalProperties: {
        type: 'object', additionalProperties: false, required: ['code'],
        properties: {
          code: { type: 'string', pattern: '^[A-Z][A-Z0-9_]{0,59}$', description: 'Told with the error as its reason.' },
          retryable: { type: 'boolean', description: 'The partner did nothing, and may do it later; false unless set.' },
          // Not those by which a client logs in again, comes again later, or changes its request for this server.
          status: { enum: [400, 402, 403, 404, 409, 410, 422, 423, 451], description: 'What the caller is answered over HTTP when the mistake is its own; 502 unless set.' },
        },
      },
    },
  },
} as const satisfies JsonSchema

/** The part of an operation that is for HTTP; undefined when it is for something else. */
export function httpFormOf(declared: Partial<HttpForm>): HttpForm | undefined {
  const { method, path } = declared
  return method === undefined || path === undefined ? undefined : { ...declared, method, path }
}

/** What the connection, the driver or the port says by itself. */
export const reservedHeaders: ReadonlySet<string> = new Set([
  'host', 'content-length', 'content-type', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'expect', 'accept-encoding',
  'content-digest', 'signature', 'signature-input', 'webhook-id', 'webhook-timestamp', 'webhook-signature',
])

/** What is wrong with a form that keeps its schema. */
export function faultsOfForm({ headers = {}, expect = [], errors = {} }: Partial<HttpForm>): readonly KeyFault[] {
  const reserved = Object.keys(headers).filter((name) => reservedHeaders.has(name.toLowerCase()))
  const later = Object.entries(errors).filter(([, { retryable, status }]) => retryable === true && status !== undefined)
  const twice = expect.filter((status) => Object.hasOwn(errors, String(status)))
  return [
    ...reserved.map((name): KeyFault => ({ path: ['headers', name], on: 'key', message: `${name} cannot be set: the driver says it` })),
    ...later.map(([status]): KeyFault => ({ path: ['errors', status, 'status'], message: 'what may be done later is the failure of the partner, and is answered as one: leave out status, or retryable' })),
    ...twice.map((status): KeyFault => ({ path: ['errors', String(status)], on: 'key', message: `${status} is expected, and cannot be an error as well` })),
  ]
}
