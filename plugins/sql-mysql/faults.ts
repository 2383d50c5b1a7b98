import type { PorticoError } from '../../kernel/plugin.ts'
import { databaseError, type Fault } from '../../kernel/ports/sql/index.ts'

/** What the server's error numbers mean that are no fault of the statement. */
const faultByNumber: Readonly<Record<number, Fault>> = {
  1213: 'busy', // deadlock
  1205: 'busy', // lock wait timeout
  1020: 'busy', // record has changed since last read
  1412: 'busy', // the table's definition has changed
  1615: 'busy', // the prepared statement needs to be prepared again
  1637: 'busy', // too many concurrent transactions
  1799: 'busy', // writers outran an index that was being built
  1969: 'busy', // max_statement_time (MariaDB)
  3024: 'busy', // max_execution_time (MySQL)
  3101: 'busy', // a member of the group rolled the transaction back
  3572: 'busy', // a lock that was not to be waited for
  1021: 'full', // disk full
  1114: 'full', // the table is full
  1040: 'unavailable', // too many connections
  1203: 'unavailable', // too many connections of this user
  1047: 'unavailable', // the node is not ready (Galera)
  1053: 'unavailable', // server shutdown in progress
  1077: 'unavailable', // normal shutdown
  1079: 'unavailable', // shutdown complete
  1152: 'unavailable', // connection aborted
  1158: 'unavailable', // network: reading
  1159: 'unavailable', // network: reading took too long
  1160: 'unavailable', // network: writing
  1161: 'unavailable', // network: writing took too long
  1184: 'unavailable', // connection aborted
  1317: 'unavailable', // query interrupted: the connection is being killed
  1927: 'unavailable', // connection was killed
  4031: 'unavailable', // disconnected for being idle
}

const deadlock = 1213
const rolledBack = [deadlock, 3101]
const duplicate = 1062
const failedCommit = 1180
/** The server takes no writes: it was made a replica, or set to read-only. */
const readOnly = [1290, 1792, 1836]
const noPrivilege = [1044, 1142, 1143, 1227, 1370]
/** Of files: what the operating system said stands in the text alone. */
const fileErrors = [3, 1026, 1030]
const noSpace = /\berrno: 28\b|\b28 ["(]|No space left/i

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
  if (!isServerError(error)) return 'unavailable'
  if (fileErrors.includes(error.errno) && noSpace.test(error.message)) return 'full'
  return faultByNumber[error.errno] ?? 'failed'
}

/** True when the connection went away, so that nobody says what became of what was sent. */
export function isLost(error: unknown): boolean {
  return faultOf(error) === 'unavailable'
}

/** True for the transaction that was rolled back so that another could go on: it may be run again. */
export function isDeadlock(error: unknown): boolean {
  return isServerError(error) && error.errno === deadlock
}

/** True when a server that answers will take no write on this connection, and another may stand in its place by now. */
export function isReadOnly(error: unknown): boolean {
  return isServerError(error) && readOnly.includes(error.errno)
}

/** True when this user lacks a right. */
export function isNoPrivilege(error: unknown): boolean {
  return isServerError(error) && noPrivilege.includes(error.errno)
}

/** True when a statement that commits by itself failed in committing. */
export function isOpenEnded(error: unknown): boolean {
  return isServerError(error) && error.errno === failedCommit
}

/** True for the answer to a commit that says for sure that nothing was applied. */
export function isRolledBack(error: unknown): boolean {
  return isServerError(error) && rolledBack.includes(error.errno)
}

export function toDatabaseError(connection: string, error: unknown): PorticoError {
  return databaseError(connection, faultOf(error), reasonOf(error), error)
}

export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (!isServerError(error)) return message
  if (isNoPrivilege(error)) return `${message}; grant this user what it lacks, or use another`
  if (isReadOnly(error)) return `${message}: it is read-only; name the primary`
  return `${error.errno}: ${message}`
}

/** The unique index that refused a row, `primary` for the primary key; undefined for any other error. */
export function brokenIndex(error: unknown): string | undefined {
  if (!isServerError(error) || error.errno !== duplicate) return undefined
  // MySQL names the table too: `for key 'orders.PRIMARY'`.
  const name = /for key '(?:[^']*\.)?([^'.]+)'$/.exec(error.message)?.[1] ?? ''
  return name === 'PRIMARY' ? 'primary' : name
}

/** What refuses a row for what it holds: NOT NULL, a check, a trigger, a value that is too long, too large or none of its column's. */
const rules = [1048, 1364, 3819, 4025, 1644, 1264, 1265, 1292, 1366, 1406, 3140]
const foreignKeys = [1216, 1217, 1451, 1452]

/** The rule by which the server did not take a row, in a few words; undefined for any other error. */
export function brokenRule(error: unknown): string | undefined {
  if (!isServerError(error)) return undefined
  if (foreignKeys.includes(error.errno)) return `the foreign key ${/CONSTRAINT `([^`]+)`/.exec(error.message)?.[1] ?? ''}`.trim()
  return rules.includes(error.errno) ? error.message.slice(0, 200) : undefined
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
