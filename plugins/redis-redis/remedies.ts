import { ErrorReply } from '@redis/client'
import { isPorticoError } from '../../kernel/plugin.ts'
import { wordsOf } from './faults.ts'

const refusals = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR (?:AUTH|Client sent AUTH|invalid password|DB index|invalid DB|SELECT|unknown command|unknown subcommand|unsupported command))/

/** True for what no second attempt can cure. */
export function isHopeless(error: unknown): boolean {
  if (isPorticoError(error)) return error.code === 'DATABASE_FAILED'
  if (error instanceof ErrorReply) return refusals.test(error.message)
  return isCertificateTrouble(error) || isNoTls(error)
}

/** What to change, in one line. */
export function remedy(connection: string, error: unknown): string {
  if (isPorticoError(error)) return error.message
  const at = `connections.${connection}.with`
  const words = wordsOf(error)
  const code = codeOf(error)

  if (/^NOPERM/.test(words)) return `its user may not do what drivers need (${words}); allow it the commands, keys and channels that the README of redis-redis lists`
  if (/^(?:WRONGPASS|NOAUTH)|AUTH|invalid password/.test(words)) return `it refuses the user or the password (${words}); correct ${at}.url`
  if (/DB index|invalid DB|SELECT/.test(words)) return `it has no such database (${words}); correct the number at the end of ${at}.url`
  if (/^ERR unknown command.*HELLO/i.test(words)) return 'it is older than 6.2, the oldest that will do; upgrade it'
  if (/max number of clients/.test(words)) return `it has no room for another client (${words}); raise its maxclients`
  if (/^LOADING/.test(words)) return `it is still loading its data (${words}); raise ${at}.connectWithin`
  if (isCertificateTrouble(error)) return `its TLS certificate is not accepted (${words}); let ${at}.tls.ca name the authority that signed it, and the url the host that it is for`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its host is not known (${words}); correct ${at}.url`
  if (code === 'ECONNREFUSED') return `nobody listens at the address (${words}); start the server, or correct ${at}.url`
  if (isNoTls(error)) return `it does not speak TLS here (${words}); set ${at}.tls.enabled, or redis:// and rediss://, as the server has it`
  if (/closed|ECONNRESET|time|Protocol|Unknown RESP/i.test(`${code} ${words}`)) return `it does not answer as a Redis does (${words}); is it one, is it up, and does it want TLS (${at}.tls.enabled)?`
  return words
}

function isCertificateTrouble(error: unknown): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(codeOf(error))
}

function isNoTls(error: unknown): boolean {
  return /EPROTO|ERR_SSL|WRONG_VERSION_NUMBER/.test(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
