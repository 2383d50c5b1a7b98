import type { HttpRequest, Method } from '../../kernel/ports/integrations/index.ts'
import type { Target } from './target.ts'

/** One request of a call: the first one, and one more for each redirect that is followed. */
export interface Hop {
  readonly url: URL
  readonly method: Method
  readonly body?: string
  readonly idempotencyKey?: string
}

export function firstHop({ method, path, body }: HttpRequest, idempotencyKey: string | undefined, { origin, basePath }: Target): Hop {
  return { url: new URL(`${origin}${basePath}${path}`), method, ...(body !== undefined && { body }), ...(idempotencyKey !== undefined && { idempotencyKey }) }
}

/** The headers of one request; those of the settings, which are secret, go to the origin of baseUrl alone. */
export function headersOf({ url, body, idempotencyKey }: Hop, { origin, headers, idempotencyHeader }: Target): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    ...(url.origin === origin && headers),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(idempotencyKey !== undefined && { [idempotencyHeader]: idempotencyKey }),
  }
}
