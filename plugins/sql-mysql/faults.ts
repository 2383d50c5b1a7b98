import type { PorticoError } from '../../kernel/plugin.ts'
import { databaseError, type Fault } from '../../kernel/ports/sql/index.ts'

/** What the server's error numbers mean that are no fault of the statement. */
const faultByNumber: Readonly<Record<number, Fault>> = {
  1205: 'busy', // lock wait timeout
  1213: 'busy', // deadlock
  1020: 'busy', // record has changed since last read
  1969: 'busy', // max_statement_time (MariaDB)
  3024: 'busy', // max_execution_time (MySQL)
  3572: 'busy', // statement aborted because of a lock
  1021: 'full', // disk full
  1114: 'full', // the table is full
  1040: 'unavailable', // too many connections
  1203: 'unavailable', // too many connections of this user
  1053: 'unavailable', // server shutdown in progress
  1317: 'unavailable', // query interrupted: the connection is being killed
  1927: 'unavailable', // connection was killed
  4031: 'unavailable', // disconnected for being idle
}

interface ServerError extends Error {
  readonly errno: number
  readonly sqlState: string
}

/** True for what the server answered; false for an error of the connection itself. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'sqlState' in error && typeof error.sqlState === 'string' && 'errno' in error && typeof error.errno === 'number'
}

/** What an error of a statement means; `failed` for a statement that the server refuses for what it is. */
export function faultOf(error: unknown): Fault {
  return isServerError(error) ? (faultByNumber[error.errno] ?? 'failed') : 'unavailable'
}

/** True when the connection went away, so that nobody says what became of what was sent. */
export function isLost(error: unknown): boolean {
  return faultOf(error) === 'unavailable'
}

export function toDatabaseError(connection: string, error: unknown): PorticoError {
  return databaseError(connection, faultOf(error), reasonOf(error), error)
}

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (!isServerError(error)) return message
  if ([1044, 1142, 1143, 1227, 1370].includes(error.errno)) return `${message}; grant this user what it lacks, or use another`
  if ([1290, 1792, 1836].includes(error.errno)) return `${message}: it is read-only; name the primary`
  return `${error.errno}: ${message}`
}

/** The unique index that refused a row, `primary` for the primary key; undefined for any other error. */
export function brokenIndex(error: unknown): string | undefined {
  if (!isServerError(error) || error.errno !== 1062) return undefined
  // MySQL names the table too: `for key 'orders.PRIMARY'`.
  const name = /for key '(?:[^']*\.)?([^'.]+)'$/.exec(error.message)?.[1] ?? ''
  return name === 'PRIMARY' ? 'primary' : name
}

/** Why a start is refused at once, with what to change; undefined for what may pass by itself. */
export function remedyOf(error: unknown, of: { readonly user: string; readonly database: string }): string | undefined {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (isServerError(error)) {
    if (error.errno === 1045 || error.errno === 1698) return `the user ${of.user} or its password is refused; correct the url`
    if (error.errno === 1049) return `there is no database ${of.database}; create it, or correct the url`
    if (error.errno === 3159) return 'the server takes connections with TLS only; set `tls: { enabled: true }`'
  }
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return 'the server speaks no TLS; remove `tls`, or give the server a certificate'
  if (code === 'HANDSHAKE_SSL_ERROR' || /certificate|self[- ]signed|altnames|SSL routines/i.test(`${message} ${code}`)) {
    return `its TLS certificate is refused (${message}); name the authority with tls.ca, and the host as the certificate does`
  }
  return isServerError(error) && faultOf(error) === 'failed' ? reasonOf(error) : undefined
}
