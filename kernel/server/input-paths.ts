import { isPorticoError, PorticoError } from '../errors.ts'
import type { HttpOperation } from './input.ts'

/**
 * Gives an error the places of the request: a port names fields of its input (`/value/total`), a client knows its body
 * (`/total`), and fields by the names that body, query and headers have for them.
 */
export function placesOf({ http }: HttpOperation): (error: unknown) => unknown {
  const sources = new Map(Object.entries(http.from ?? {}))
  if (http.body === undefined && sources.size === 0) return (error) => error

  const toRequest = (path: string): string => {
    const end = path.indexOf('/', 1)
    const field = path.slice(1, end === -1 ? undefined : end)
    const rest = end === -1 ? '' : path.slice(end)
    if (field === http.body) return rest
    const source = sources.get(field)
    if (!source) return path
    return `/${'query' in source ? source.query : 'body' in source ? source.body : source.header}${rest}`
  }

  return (error) => {
    if (!isPorticoError(error) || error.errors.length === 0) return error
    const errors = error.errors.map(({ path, message }) => ({ path: toRequest(path), message }))
    if (errors.every(({ path }, index) => path === error.errors[index]?.path)) return error
    const { code, status, title, retryable, retryAfterMs, details, message } = error
    return new PorticoError(code, { status, title, retryable, detail: () => message }, details, { errors, cause: error, ...(retryAfterMs !== undefined && { retryAfterMs }) })
  }
}
