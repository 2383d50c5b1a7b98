import { urlOf, type Hop } from './hop.ts'

export interface Allowed {
  /** Of baseUrl. */
  readonly origin: string
  /** Other hosts, with a port unless it is 443. */
  readonly hosts: ReadonlySet<string>
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export function isRedirect(status: number): boolean {
  return redirects.has(status)
}

/** The request that a redirect asks for, by the rules of RFC 9110; or why it is not followed, in words without the place. */
export function nextHop(hop: Hop, status: number, location: string | readonly string[] | undefined, allowed: Allowed): Hop | { readonly refused: string } {
  const from = urlOf(hop)
  const url = typeof location === 'string' && location.length <= 8_000 ? URL.parse(location, from.href) : null
  if (!url) return { refused: 'that leads to no address' }
  if (url.username !== '' || url.password !== '') return { refused: 'with a user or password' }
  if (url.origin !== allowed.origin && (url.protocol !== 'https:' || !allowed.hosts.has(url.host))) return { refused: 'to a place that is not allowed' }
  if (from.protocol === 'https:' && url.protocol !== 'https:') return { refused: 'from https to http' }

  // Without what stands behind `#`, which is for the one who asks.
  const place = { origin: url.origin, path: `${url.pathname}${url.search}` }
  // What browsers have always done with 301 and 302 to a POST, and 303 demands of everything.
  const asGet = status === 303 || (status < 303 && hop.method === 'POST')
  return asGet ? { ...place, method: 'GET', headers: hop.headers, idempotencyKey: hop.idempotencyKey } : { ...hop, ...place }
}
