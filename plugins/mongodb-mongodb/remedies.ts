import { MongoCompatibilityError, MongoParseError, MongoServerError, MongoServerSelectionError } from 'mongodb'
import { isPorticoError } from '../../kernel/plugin.ts'

const unauthorized: ReadonlySet<unknown> = new Set([13, 18, 8000])

/** True for what no second attempt can cure. */
export function isHopeless(error: unknown): boolean {
  if (isPorticoError(error) || error instanceof MongoParseError || error instanceof MongoCompatibilityError) return true
  if (error instanceof MongoServerError) return unauthorized.has(error.code)
  return causesOf(error).some((cause) => isCertificateTrouble(cause))
}

/** What to change, in one line. */
export function remedy(connection: string, error: unknown): string {
  if (isPorticoError(error)) return error.message
  const at = `connections.${connection}.with`
  const causes = causesOf(error)
  const words = wordsOf(causes.at(-1) ?? error)
  const code = causes.map(codeOf).find((one) => one !== '') ?? codeOf(error)

  if (error instanceof MongoServerError && error.code === 13) return `its user may not read and write the database (${words}); grant it the role readWrite there`
  if (error instanceof MongoServerError && unauthorized.has(error.code)) return `it refuses the user or the password of ${at}.url (${words}); correct them, or set authSource to the database that knows the user`
  if (causes.some(isCertificateTrouble)) return `its TLS certificate is not accepted (${words}); let ${at}.tls.ca name the authority that signed it, and the url the host that it is for`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its host is not known (${words}); correct ${at}.url`
  if (code === 'ECONNREFUSED') return `nobody listens at the address (${words}); start the server, or correct ${at}.url`
  if (code === 'ENOENT' || code === 'EACCES') return `a file of ${at}.tls cannot be read (${words})`
  if (/EPROTO|SSL|TLS|wrong version number/i.test(`${code} ${words}`)) return `it does not speak TLS here (${words}); set ${at}.tls.enabled as the server has it`
  if (/closed|ECONNRESET|timed out/i.test(words)) return `it does not answer (${words}); is it up, and does it want TLS (${at}.tls.enabled)?`
  return words
}

/** The error, and what it rests on, the last the deepest: the SDK keeps the reason of a failed selection with each server. */
function causesOf(error: unknown): readonly unknown[] {
  const servers: unknown[] = error instanceof MongoServerSelectionError ? Array.from(error.reason?.servers.values() ?? [], (server) => server.error) : []
  const below = [...servers, error instanceof Error ? error.cause : undefined].filter((one) => one !== undefined && one !== null)
  return [error, ...below.flatMap((one) => (one === error ? [] : causesOf(one)))].slice(0, 16)
}

function isCertificateTrouble(error: unknown): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** On one line: the SDK's words come with line breaks. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim()
}
