import type { HttpRequest, Method } from '../../kernel/ports/integrations/index.ts'
import type { Target } from './target.ts'

/** One request of a call: the first one, and one more for each redirect that is followed. */
export interface Hop {
  readonly origin: string
  /** With the query; as a URL would write it, so that none need be made for the first hop. */
  readonly path: string
  readonly method: Method
  readonly body?: string | undefined
  readonly contentType?: string | undefined
  /** Of the operation. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly idempotencyKey?: string | undefined
}

export type Headers = Readonly<Record<string, string>>

export function firstHop({ method, path, headers, body }: HttpRequest, idempotencyKey: string | undefined, { origin, basePath }: Target): Hop {
  return { origin, path: basePath + path, method, headers, body, contentType: body === undefined ? undefined : 'application/json', idempotencyKey }
}

export function urlOf({ origin, path }: Pick<Hop, 'origin' | 'path'>): URL {
  return new URL(origin + path)
}

/**
 * What makes the headers of one request; those of the settings and of the operation, which may be secret, go to the origin of
 * baseUrl alone. What is the same for all is put together once.
 */
export function headersFor({ origin: own, headers, idempotencyHeader }: Target, takesJose: boolean): (hop: Hop) => Headers {
  const others: Headers = { accept: takesJose ? 'application/jose, application/json' : 'application/json' }
  const owns: Headers = { ...others, ...headers }
  const json: Headers = { ...owns, 'content-type': 'application/json' }

  return ({ origin, contentType, headers: ofOperation, idempotencyKey }) => {
    if (origin === own && !ofOperation && idempotencyKey === undefined) {
      if (contentType === undefined) return owns
      if (contentType === 'application/json') return json
    }
    return {
      ...(origin === own ? { ...owns, ...ofOperation } : others),
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(idempotencyKey !== undefined && { [idempotencyHeader]: idempotencyKey }),
    }
  }
}
