import { isPorticoError, kernelError, type FieldError, type PorticoError } from '../errors.ts'

/** The body of every answer that is not a success: RFC 9457, with the kernel's code. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: readonly FieldError[]
  readonly retryable: boolean
  /** The name that the manifest gives this failure. */
  readonly reason?: string
  readonly requestId: string
  readonly traceId: string
}

export const problemType = 'application/problem+json; charset=utf-8'

/** Any failure as one that may be shown: what is no PorticoError is a bug, and tells nothing of itself. */
export function toPorticoError(error: unknown, where: string): PorticoError {
  return isPorticoError(error) ? error : kernelError('KERNEL_BUG', { where }, { cause: error })
}

export function toProblem(error: PorticoError, ids: { readonly requestId: string; readonly traceId: string }): Problem {
  return {
    type: `urn:portico:error:${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    detail: error.message.toWellFormed(),
    errors: error.errors,
    retryable: error.retryable,
    ...(error.reason !== undefined && { reason: error.reason }),
    requestId: ids.requestId,
    traceId: ids.traceId,
  }
}

/** Seconds for `Retry-After`, at least 1; undefined where the status asks for none. */
export function retryAfter(error: PorticoError): number | undefined {
  if (error.retryAfterMs !== undefined) return Math.max(1, Math.ceil(error.retryAfterMs / 1_000))
  return error.status === 503 || error.status === 429 ? 1 : undefined
}
