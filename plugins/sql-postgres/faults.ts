import type { PorticoError } from '../../kernel/plugin.ts'
import { databaseError, type Fault } from '../../kernel/ports/sql/index.ts'

/** What SQLSTATEs mean that are no fault of the statement; by code, then by class. */
const faultByState: Readonly<Record<string, Fault>> = {
  '40001': 'busy', // serialization_failure
  '40P01': 'busy', // deadlock_detected
  '55P03': 'busy', // lock_not_available
  '57014': 'busy', // query_canceled: the statement's own timeout
  '53100': 'full', // disk_full
  '53200': 'busy', // out_of_memory
  '53300': 'unavailable', // too_many_connections
  '57P01': 'unavailable', // admin_shutdown
  '57P02': 'unavailable', // crash_shutdown
  '57P03': 'unavailable', // cannot_connect_now
  '57P05': 'unavailable', // idle_session_timeout
  '25P03': 'unavailable', // idle_in_transaction_session_timeout
}

/** The server's SQLSTATE; undefined for an error of the connection itself. A code alone does not tell: EPIPE has five letters, too. */
export function stateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'severity' in error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Rules that name what they are on, by their SQLSTATE. */
const ruleByState: Readonly<Record<string, string>> = { '23502': 'NOT NULL', '23503': 'the foreign key', '23514': 'the check', '23P01': 'the exclusion' }
/** What else refuses a row for what it holds: a value for its column (class 22), a trigger, a view, a column that is counted up. */
const otherRules = /^(22|P0001|44000|428C9)/

/** The rule by which the server did not take a row, in a few words; undefined for any other error. */
export function brokenRule(error: unknown): string | undefined {
  const state = stateOf(error)
  if (state === undefined || !(error instanceof Error)) return undefined
  const rule = ruleByState[state]
  const { constraint, column } = error as { readonly constraint?: string; readonly column?: string }
  if (rule !== undefined) return `${rule} ${constraint ?? `of ${column ?? 'a column'}`}`
  return otherRules.test(state) ? error.message.slice(0, 200) : undefined
}

/** What an error of a statement means; `failed` for a statement that the server refuses for what it is. */
export function faultOf(error: unknown): Fault {
  const state = stateOf(error)
  if (state === undefined) return 'unavailable'
  return faultByState[state] ?? (state.startsWith('08') ? 'unavailable' : 'failed')
}

/** True when the connection went away, so that nobody says what became of what was sent. */
export function isLost(error: unknown): boolean {
  return faultOf(error) === 'unavailable'
}

export function toDatabaseError(connection: string, error: unknown): PorticoError {
  return databaseError(connection, faultOf(error), reasonOf(error), error)
}

export function reasonOf(error: unknown): string {
  const state = stateOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (state === '42501') return `${message}; grant this user what it lacks, or use another`
  if (state === '25006') return `${message}: it is a standby or set to read-only; name the primary`
  return state === undefined ? message : `${state}: ${message}`
}

/** Why a start is refused at once, with what to change; undefined for what may pass by itself. */
export function remedyOf(error: unknown, of: { readonly user: string; readonly database: string; readonly tls: boolean }): string | undefined {
  const state = stateOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (state === '28P01') return `the password of the user ${of.user} is refused; correct the url`
  if (state === '28000') return `the server lets ${of.user} not in (${message}); correct the url, or the server's pg_hba.conf${of.tls ? '' : '; it may want `tls: { enabled: true }`'}`
  if (state === '3D000') return `there is no database ${of.database}; create it, or correct the url`
  if (message.includes('does not support SSL')) return 'the server speaks no TLS; remove `tls`, or set `ssl = on` at the server'
  if (/certificate|self[- ]signed|altnames|ERR_TLS|ERR_SSL|SSL routines/i.test(`${message} ${codeOf(error)}`)) return `its TLS certificate is refused (${message}); name the authority with tls.ca, and the host as the certificate does`
  return state !== undefined && faultOf(error) === 'failed' ? reasonOf(error) : undefined
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
