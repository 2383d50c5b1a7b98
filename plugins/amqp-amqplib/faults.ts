import { isPorticoError, type PorticoError } from '../../kernel/plugin.ts'
import { databaseError, type Fault } from '../../kernel/ports/amqp/index.ts'

/** What a call's deadline, or its caller, ends a wait with. */
export class DeadlinePassed extends Error {}

/** The broker's reply codes (AMQP 0-9-1, 1.1 and 8). */
export const replyCode = { forced: 320, refused: 403, notFound: 404, locked: 405, precondition: 406, notAllowed: 530 } as const

const refusals: ReadonlySet<unknown> = new Set([replyCode.refused, replyCode.locked, replyCode.precondition, replyCode.notAllowed])

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** The one place where the SDK's errors become those of the port; `sent` is for what may have reached the broker and changes something. */
export function toDatabaseError(connection: string, error: unknown, sent = false): PorticoError {
  if (isPorticoError(error)) return error
  const refused = refusals.has(codeOf(error))
  if (sent && !refused) return databaseError(connection, 'outcome-unknown', '', error)
  const fault: Fault = refused ? 'failed' : error instanceof DeadlinePassed ? 'busy' : 'unavailable'
  return databaseError(connection, fault, error instanceof Error ? error.message : String(error), error)
}
