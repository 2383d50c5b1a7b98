import { errorsOf, kernelError, type ErrorTable, type PorticoError } from '../errors.ts'

/** What only the HTTP server itself answers, before an operation is reached. */
export const httpErrors = {
  HTTP_URL_MALFORMED: {
    status: 400, retryable: false, title: 'Malformed URL',
    detail: () => 'the URL is not valid percent-encoded UTF-8',
  },
  HTTP_REQUEST_MALFORMED: {
    status: 400, retryable: false, title: 'Malformed request',
    detail: (at: { reason: string }) => at.reason,
  },
  HTTP_BODY_MALFORMED: {
    status: 400, retryable: false, title: 'Malformed body',
    detail: (at: { reason: string }) => at.reason,
  },
  HTTP_HOST_FORBIDDEN: {
    status: 403, retryable: false, title: 'Host refused',
    detail: () => 'a server on loopback answers only to a loopback Host (localhost, 127.0.0.1, [::1])',
  },
  HTTP_ORIGIN_FORBIDDEN: {
    status: 403, retryable: false, title: 'Origin refused',
    detail: () => 'a server on loopback takes no requests from the pages of other origins',
  },
  HTTP_ROUTE_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such route',
    detail: (at: { method: string }) => `there is no such route for ${at.method}; GET /openapi.json lists all`,
  },
  HTTP_METHOD_NOT_ALLOWED: {
    status: 405, retryable: false, title: 'Method not allowed',
    detail: (at: { method: string; allow: string }) => `this route takes ${at.allow}, not ${at.method}`,
  },
  HTTP_REQUEST_TIMEOUT: {
    status: 408, retryable: true, title: 'Request timeout',
    detail: () => 'the request did not arrive in time',
  },
  HTTP_BODY_TOO_LARGE: {
    status: 413, retryable: false, title: 'Body too large',
    detail: (at: { maxBytes: number }) => `the body is larger than ${at.maxBytes} bytes`,
  },
  HTTP_URL_TOO_LONG: {
    status: 414, retryable: false, title: 'URL too long',
    detail: (at: { max: string }) => `the URL is longer than ${at.max}`,
  },
  HTTP_MEDIA_TYPE_UNSUPPORTED: {
    status: 415, retryable: false, title: 'Unsupported media type',
    detail: (at: { expected: string }) => `the body must be ${at.expected}`,
  },
  HTTP_EXPECTATION_FAILED: {
    status: 417, retryable: false, title: 'Expectation failed',
    detail: () => 'only `Expect: 100-continue` is understood',
  },
  HTTP_HEADERS_TOO_LARGE: {
    status: 431, retryable: false, title: 'Headers too large',
    detail: (at: { maxBytes: number }) => `the headers are larger than ${at.maxBytes} bytes`,
  },
  HTTP_LISTEN_FAILED: {
    status: 500, retryable: false, title: 'Cannot listen',
    detail: (at: { host: string; port: number; reason: string }) => `cannot listen on ${at.host}:${at.port}: ${at.reason}`,
  },
  HTTP_LISTEN_INSECURE: {
    status: 500, retryable: false, title: 'Listening beyond loopback refused',
    detail: (at: { host: string }) =>
      `server.host ${at.host} is reachable from other machines, and nothing protects it yet: use 127.0.0.1 behind a proxy, or start with --insecure-listen`,
  },
  HTTP_PREFIX_TAKEN: {
    status: 500, retryable: false, title: 'Prefix taken',
    detail: (at: { extension: string; prefix: string }) => `${at.extension} cannot put routes below ${at.prefix || '/'}: the kernel's own routes stand there; choose a prefix such as /${at.extension.replaceAll(/[^a-z0-9]+/gi, '-').replace(/^-/, '')}`,
  },
  KERNEL_NOT_READY: {
    status: 503, retryable: true, title: 'Not ready',
    detail: (at: { reason: string }) => at.reason,
  },
} as const satisfies ErrorTable

export const httpError = errorsOf(httpErrors)

/** The INPUT_INVALID that names what is wrong with one part of a request. */
export function invalid(operation: string, name: string, message: string): PorticoError {
  const shown = name.length > 100 ? `${name.slice(0, 99).toWellFormed()}…` : name.toWellFormed()
  const path = `/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return kernelError('INPUT_INVALID', { operation }, { errors: [{ path, message }] })
}
