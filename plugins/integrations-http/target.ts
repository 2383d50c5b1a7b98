import { allowsPrivate, type AllowsPrivate, type SettingsOf } from '../../kernel/plugin.ts'
import { reservedHeaders } from '../../kernel/ports/integrations/index.ts'
import type { settings as declared } from './settings.ts'

/** Where calls go, read once from the settings. */
export interface Target {
  readonly origin: string
  /** What every path stands below: empty, or `/v1` without a slash at its end. */
  readonly basePath: string
  readonly headers: Readonly<Record<string, string>>
  /** In lower case. */
  readonly idempotencyHeader: string
  /** Where redirects may lead beside the origin: hosts, with a port unless it is 443. */
  readonly hosts: ReadonlySet<string>
  readonly allowsPrivate: AllowsPrivate
}

type TargetSettings = Pick<SettingsOf<typeof declared>, 'baseUrl' | 'headers' | 'idempotencyHeader' | 'allowHosts' | 'allowPrivate'>

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** @throws Error that says which setting is wrong; never with a header's value, which is secret. */
export function readTarget(settings: TargetSettings): Target {
  const url = new URL(settings.baseUrl)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('baseUrl must be an http or https URL')
  if (url.username !== '' || url.password !== '') throw new Error('baseUrl must hold no user or password; use headers.authorization')
  if (url.search !== '' || url.hash !== '') throw new Error('baseUrl must hold no query and no fragment')

  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(settings.headers)) {
    const lower = headerNamed(name, 'headers')
    // eslint-disable-next-line no-control-regex -- what a header's value must not hold
    if (/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(value)) throw new Error(`headers: the value of ${name} holds a character that a header cannot have`)
    headers[lower] = value
  }
  const idempotencyHeader = headerNamed(settings.idempotencyHeader, 'idempotencyHeader')
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, ''), headers, idempotencyHeader, hosts: new Set(settings.allowHosts.map(hostOf)), allowsPrivate: allowed(settings.allowPrivate) }
}

/** @throws Error when it leads out of baseUrl, or is none. */
export function readProbePath(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  const isPath = /^\/[\x21-\x7e]*$/.test(path) && !/[\\#]/.test(path) && !/(^|\/)(\.|%2e){1,2}(\/|\?|$)/i.test(path)
  if (!isPath) throw new Error('probe.path must begin with a slash, be percent-encoded, and stay below baseUrl')
  return path
}

/** `localhost` is as good as an address: where it is written, this machine is meant. Addresses that are written are looked up by nobody. */
function allowed(entries: readonly string[]): AllowsPrivate {
  try {
    const listed = allowsPrivate(entries)
    return (name, address) => name === 'localhost' || listed(name, address)
  } catch (cause) {
    throw new Error(`allowPrivate: ${cause instanceof Error ? cause.message : 'is wrong'}`, { cause })
  }
}

/** As the host of a URL with https is written. */
function hostOf(entry: string): string {
  const url = /[/@?#\\\s]/.test(entry) ? null : URL.parse(`https://${entry}`)
  if (!url) throw new Error(`allowHosts: ${JSON.stringify(entry)} is no host, nor a host and a port`)
  return url.host
}

/** In lower case. */
function headerNamed(name: string, setting: string): string {
  if (!headerName.test(name)) throw new Error(`${setting}: ${JSON.stringify(name)} is no header name`)
  if (reservedHeaders.has(name.toLowerCase())) throw new Error(`${setting}: ${name} cannot be set`)
  return name.toLowerCase()
}
