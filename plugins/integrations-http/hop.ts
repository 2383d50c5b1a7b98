import type { HttpRequest, Method } from '../../kernel/ports/integrations/index.ts'
import type { Target } from './target.ts'

/** One request of a call: the first one, and one more for each redirect that is followed. */
export interface Hop {
  readonly url: URL
  readonly method: Method
  readonly body?: string
  readonly contentType?: string
  /** Of the operation. */
  readonly headers?: Readonly<Record<string, string>>
  readonly idempotencyKey?: string
}

export function firstHop({ method, path, headers, body }: HttpRequest, idempotencyKey: string | undefined, { origin, basePath }: Target): Hop {
  return { url: new URL(`${origin}${basePath}${path}`), method, ...(headers && { headers }), ...(body !== undefined && { body, contentType: 'application/json' }), ...(idempotencyKey !== undefined && { idempotencyKey }) }
}

/** The headers of one request; those of the settings and of the operation, which may be secret, go to the origin of baseUrl alone. */
export function headersOf({ url, contentType, headers: ofOperation, idempotencyKey }: Hop, { origin, headers, idempotencyHeader }: Target, takesJose: boolean): Readonly<Record<string, string>> {
  return {
    accept: takesJose ? 'application/jose, application/json' : 'application/json',
    ...(url.origin === origin && { ...headers, ...ofOperation }),
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(idempotencyKey !== undefined && { [idempotencyHeader]: idempotencyKey }),
  }
}
