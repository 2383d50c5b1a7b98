import { MongoBulkWriteError, MongoNetworkError, MongoServerError, MongoServerSelectionError, MongoWriteConcernError } from 'mongodb'
import { isPorticoError, type PorticoError } from '../../kernel/plugin.ts'
import { databaseError, type Fault, poolExhausted } from '../../kernel/ports/mongodb/index.ts'

/** What a command's deadline aborts it with. */
export class DeadlinePassed extends Error {}

/**
 * Stands as the `comment` of a command, and so is asked for its value each time the command is written for the wire: what
 * was never asked was never sent, whatever the error says.
 */
export class Sending {
  times = 0

  toBSON(): string {
    this.times++
    return 'portico'
  }
}

export interface FaultPlace {
  readonly connection: string
  readonly acquireTimeoutMs: number
  /** Of a command that changes something by itself; without it nothing can have been applied. */
  readonly sending?: Sending | undefined
}

/** What the server's codes mean for whoever called; of all others the text is told. */
const faultOfCode: Readonly<Record<number, Fault>> = {
  // LockTimeout, LockBusy, MaxTimeMSExpired, WriteConflict, NetworkInterfaceExceededTimeLimit, SnapshotUnavailable, NoSuchTransaction, ExceededTimeLimit
  24: 'busy', 46: 'busy', 50: 'busy', 112: 'busy', 202: 'busy', 246: 'busy', 251: 'busy', 262: 'busy',
  // HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, FailedToSatisfyReadPreference, PrimarySteppedDown, SocketException, NotWritablePrimary
  6: 'unavailable', 7: 'unavailable', 89: 'unavailable', 91: 'unavailable', 133: 'unavailable', 189: 'unavailable', 9001: 'unavailable', 10107: 'unavailable',
  // LegacyNotPrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary
  10058: 'unavailable', 11600: 'unavailable', 11602: 'unavailable', 13435: 'unavailable', 13436: 'unavailable',
  // OutOfDiskSpace
  14031: 'full',
}

/** A server, or a router on its behalf, that says these may have done what it was asked. */
const maybeApplied: ReadonlySet<number> = new Set([6, 7, 89, 91, 262, 9001, 11600, 11602])

const duplicateKey = 11_000

/** True where a unique index, or the index of the ids, refused a document. */
export function isDuplicate(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === duplicateKey
}

/** The name of the index that refused, in the words of the other drivers: `primary` for that of the ids. */
export function indexOf(error: MongoServerError): string | undefined {
  const name = / index: ([^ ]+) dup key/.exec(error.message)?.[1]
  return name === '_id_' ? 'primary' : name
}

/** The value that two documents have; of an index that is being built some servers tell it in their words alone. */
export function duplicateOf(error: MongoServerError, field: string): unknown {
  const told = error.errorResponse.keyValue as Readonly<Record<string, unknown>> | undefined
  return told?.[field] ?? / dup key: \{ [^:]+: "([^"]*)" \}/.exec(error.message)?.[1]
}

/** The one place where the SDK's errors become those of the port. */
export function toDatabaseError(thrown: unknown, place: FaultPlace): PorticoError {
  if (isPorticoError(thrown)) return thrown
  const error = bareOf(thrown)
  const { connection, acquireTimeoutMs, sending } = place
  if (sending && sending.times > 0 && isUnknown(error, sending)) return databaseError(connection, 'outcome-unknown', '', error)
  if (nameOf(error) === 'MongoWaitQueueTimeoutError') return poolExhausted(connection, acquireTimeoutMs, error)
  return databaseError(connection, faultOf(error), reasonOf(error), error)
}

function isUnknown(error: unknown, { times }: Sending): boolean {
  // The answer to the first is lost, whatever a second attempt was told.
  if (times > 1) return true
  if (error instanceof MongoWriteConcernError) return true
  // A bulk write without errors of its writes: a majority is not known to have it.
  if (error instanceof MongoBulkWriteError && [error.writeErrors].flat().length === 0) return true
  return !(error instanceof MongoServerError) || maybeApplied.has(Number(error.code))
}

function faultOf(error: unknown): Fault {
  if (error instanceof DeadlinePassed) return 'busy'
  if (error instanceof MongoServerError) return faultOfCode[Number(error.code)] ?? 'failed'
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return 'unavailable'
  return closedNames.has(nameOf(error)) || brokenCodes.has(codeOf(error)) ? 'unavailable' : 'failed'
}

const closedNames: ReadonlySet<string> = new Set(['MongoPoolClosedError', 'MongoNotConnectedError', 'MongoTopologyClosedError', 'MongoServerClosedError', 'MongoClientClosedError', 'MongoExpiredSessionError'])

/** Of a socket that was written to after its end: the SDK (7.8) passes these on as they are. */
const brokenCodes: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END', 'ERR_SOCKET_CLOSED'])

/** True where no server was found to send to. */
export function isUnreachable(thrown: unknown): boolean {
  const error = bareOf(thrown)
  return error instanceof MongoServerSelectionError || closedNames.has(nameOf(error))
}

/** The SDK wraps whatever ends a bulk write as an error of the server's, also a broken connection. */
function bareOf(error: unknown): unknown {
  return error instanceof MongoBulkWriteError && error.errorResponse instanceof Error ? error.errorResponse : error
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
