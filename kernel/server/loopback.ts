import type { IncomingHttpHeaders } from 'node:http'
import type { PorticoError } from '../errors.ts'
import { httpError } from './errors.ts'

/** True when only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

const hostName = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::\d{1,5})?$/i

/**
 * Why a request to a server on loopback is refused; undefined when it may pass.
 * A page of any site can make the browser send one: by DNS rebinding (its own name in `Host`), or as a form or fetch
 * without a body (`Origin`, `Sec-Fetch-Site`). The port in `Host` may be any, so that a tunnel works: a page cannot
 * choose it apart from where it connects. Its own origin is then `http://` and that same `Host`.
 */
export function refuseForeign(headers: IncomingHttpHeaders): PorticoError | undefined {
  const { host, origin } = headers
  if (host !== undefined && host !== lastAllowedHost && !isAllowedHost(host)) return httpError('HTTP_HOST_FORBIDDEN', {})
  if (origin !== undefined && origin !== `http://${host}`) return httpError('HTTP_ORIGIN_FORBIDDEN', {})
  if (headers['sec-fetch-site'] === 'cross-site') return httpError('HTTP_ORIGIN_FORBIDDEN', {})
  return undefined
}

/** Clients send one Host again and again: the check of the last good one is kept. */
let lastAllowedHost: string | undefined

function isAllowedHost(host: string): boolean {
  if (!isLoopback((hostName.exec(host)?.[1] ?? '').toLowerCase())) return false
  lastAllowedHost = host
  return true
}
