import { serializeComponent, serializeInnerList, type Component, type InnerList } from './structured.ts'

export type MessageHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** What of a request a signature can cover; the names of headers are in lower case. */
export interface RequestMessage {
  readonly method: string
  readonly url: URL
  readonly headers: MessageHeaders
}

/** What of an answer a signature can cover, and the request that it answers. */
export interface AnswerMessage {
  readonly status: number
  readonly headers: MessageHeaders
  readonly request?: RequestMessage
}

export type Message = RequestMessage | AnswerMessage

/** The text that is signed (RFC 9421, 2.5); undefined when it covers something that is not there, or that is not known here. */
export function signatureBase(message: Message, covered: InnerList): string | undefined {
  const lines: string[] = []
  const names = new Set<string>()
  for (const component of covered.items) {
    const name = serializeComponent(component)
    const value = valueOf(message, component)
    if (value === undefined || names.has(name)) return undefined
    names.add(name)
    lines.push(`${name}: ${value}`)
  }
  lines.push(`"@signature-params": ${serializeInnerList(covered)}`)
  return lines.join('\n')
}

function valueOf(message: Message, { name, parameters }: Component): string | undefined {
  // `req` takes it from the request of an answer; the other parameters (sf, bs, key, tr, name) are not spoken.
  const ofRequest = parameters.get('req') === true
  if (parameters.size > (ofRequest ? 1 : 0)) return undefined
  const from = ofRequest ? ('status' in message ? message.request : undefined) : message
  if (!from) return undefined
  return name.startsWith('@') ? derived(from, name) : fieldOf(from.headers, name)
}

function derived(message: Message, name: string): string | undefined {
  if ('status' in message) return name === '@status' ? String(message.status) : undefined
  const { method, url } = message
  switch (name) {
    case '@method': return method
    case '@target-uri': return `${url.origin}${url.pathname}${url.search}`
    case '@authority': return url.host
    case '@scheme': return url.protocol.slice(0, -1)
    case '@request-target': return `${url.pathname}${url.search}`
    case '@path': return url.pathname
    case '@query': return url.search === '' ? '?' : url.search
    default: return undefined
  }
}

function fieldOf(headers: MessageHeaders, name: string): string | undefined {
  if (name !== name.toLowerCase() || !Object.hasOwn(headers, name)) return undefined
  const value = headers[name]
  const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
  return values.length === 0 ? undefined : values.map((one) => one.trim()).join(', ')
}
