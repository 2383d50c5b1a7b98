import type { FastifyRequest } from 'fastify'
import { isPorticoError, PorticoError } from '../errors.ts'
import { httpError, httpErrors } from './errors.ts'

interface ThrownByFramework extends Error {
  readonly code?: string
  readonly statusCode?: number
}

/** The longest name in a path, decoded or not: a 1 KiB cache key takes three times that, percent-encoded. */
export const maxParamLength = 3_072

/** Fastify's own errors, and those of an extension's routes, as the kernel's; what is unknown stays as it is. */
export function fromFramework(error: unknown, request: FastifyRequest): unknown {
  if (isPorticoError(error) || !(error instanceof Error)) return error
  const { code, statusCode, message } = error as ThrownByFramework

  switch (code) {
    case 'FST_ERR_BAD_URL': return httpError('HTTP_URL_MALFORMED', {})
    case 'FST_ERR_MAX_PARAM_LENGTH': return httpError('HTTP_URL_TOO_LONG', { max: `${maxParamLength} characters in one name` })
    case 'FST_ERR_CTP_BODY_TOO_LARGE': return httpError('HTTP_BODY_TOO_LARGE', { maxBytes: request.routeOptions.bodyLimit ?? 0 })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return httpError('HTTP_MEDIA_TYPE_UNSUPPORTED', { expected: 'application/json' })
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH': return httpError('HTTP_REQUEST_MALFORMED', { reason: 'Content-Length is not what arrived' })
    case undefined: break
  }
  if (statusCode === undefined || statusCode < 400 || statusCode > 499) return error
  return new PorticoError('HTTP_REQUEST_MALFORMED', { ...httpErrors.HTTP_REQUEST_MALFORMED, status: statusCode }, { reason: message })
}
