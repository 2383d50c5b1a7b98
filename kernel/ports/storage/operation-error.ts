import type { PorticoError } from '../../errors.ts'

/** The error of one operation of a `write`, with the operation's place before the places of what is wrong in it. */
export function atOperation(error: PorticoError, operation: number | undefined): PorticoError {
  if (operation === undefined) return error
  const path = `/operations/${operation}`
  const spec = { status: error.status, retryable: error.retryable, title: error.title, detail: () => error.message }
  const errors = [{ path, message: error.message }, ...error.errors.map((one) => ({ path: `${path}${one.path}`, message: one.message }))]
  // Of the class that it was, which the code decides.
  const Class = error.constructor as typeof PorticoError
  return new Class(error.code, spec, error.details, { cause: error, errors, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }) })
}
