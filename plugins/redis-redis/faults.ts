import { ClientClosedError, ClientOfflineError, ErrorReply } from '@redis/client'
import { isPorticoError, type PorticoError } from '../../kernel/plugin.ts'
import { databaseError, type Fault, type RedisEffect } from '../../kernel/ports/redis/index.ts'

/** What a call's deadline ends it with; its command may be with the server. */
export class DeadlinePassed extends Error {}

/**
 * What the server's words mean; of all others the text is told. Within a script's error they stand after a `-` before Redis 7, and
 * each of them is said before the first change.
 */
const faultOfWords: readonly (readonly [RegExp, Fault])[] = [
  [/(?:^|-)OOM command not allowed/, 'full'],
  [/(?:^|-)MISCONF .*No space left/is, 'full'],
  [/(?:^|-)(?:LOADING|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN) /, 'unavailable'],
  [/(?:^|-)(?:BUSY|TRYAGAIN) /, 'busy'],
  [/max number of clients reached/, 'unavailable'],
]

/** The one place where the SDK's errors become those of the port. */
export function toDatabaseError(error: unknown, connection: string, effect: RedisEffect): PorticoError {
  if (isPorticoError(error)) return error
  if (error instanceof ErrorReply) {
    const fault = faultOfWords.find(([words]) => words.test(error.message))?.[1] ?? 'failed'
    return databaseError(connection, fault, wordsOf(error), error)
  }
  if (error instanceof ClientOfflineError || error instanceof ClientClosedError) return databaseError(connection, 'unavailable', '', error)
  // It was handed to the socket, and what became of it no one will say.
  if (effect === 'write') return databaseError(connection, 'outcome-unknown', '', error)
  return databaseError(connection, error instanceof DeadlinePassed ? 'busy' : 'unavailable', '', error)
}

/** The server turned into one that takes no writes, as after a failover: what the address leads to now is another. */
export function isDemoted(error: unknown): boolean {
  return error instanceof ErrorReply && /(?:^|-)READONLY /.test(error.message)
}

export function isUnknownScript(error: unknown): boolean {
  return error instanceof ErrorReply && error.message.startsWith('NOSCRIPT')
}

/** On one line. */
export function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim()
}
