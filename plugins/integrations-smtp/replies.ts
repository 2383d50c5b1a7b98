import { integrationError, PartnerFailure } from '../../kernel/ports/integrations/index.ts'
import { noConnection } from '../../kernel/ports/received.ts'
import { GivenUp } from './session.ts'

/** What is read of nodemailer's errors. */
interface SmtpError extends Error {
  readonly code?: unknown
  readonly originalCode?: unknown
  readonly responseCode?: unknown
  readonly rejectedErrors?: readonly { readonly recipient?: unknown; readonly responseCode?: unknown }[]
}

interface At {
  readonly binding: string
  readonly operation: string
}

/** Before the mail was begun: nothing of it is known to the relay, whatever went wrong, a refused login included. */
export function notOpened(cause: unknown): PartnerFailure {
  if (cause instanceof GivenUp) return new PartnerFailure({ why: 'timeout', reached: false, reason: cause.message }, cause)
  const error = cause as SmtpError
  const status = statusOf(error)
  const reason = status !== undefined ? `the relay answered ${status}${error.code === 'EAUTH' ? ' to the login' : error.code === 'ETLS' ? ' to STARTTLS' : ''}` : connectionOf(error)
  return new PartnerFailure({ why: 'unreachable', reached: false, reason }, cause)
}

/** What became of a mail that was begun; `mayBeTaken`: all of it was on its way. */
export function notTaken(cause: unknown, mayBeTaken: boolean, at: At): Error {
  if (cause instanceof GivenUp) return new PartnerFailure({ why: 'timeout', reached: mayBeTaken, reason: 'the relay did not say in time that it has the mail' }, cause)

  const error = cause as SmtpError
  const status = statusOf(error) ?? (error.code === 'EMESSAGE' && !mayBeTaken ? tooLarge : undefined)
  // 4yz says that the relay took nothing and may do so later (RFC 5321, 4.2.1): a repeat sends no second mail.
  if (status !== undefined && status < 500) return integrationError('INTEGRATION_PARTNER_FAILED', { ...at, reason: `answered ${status}`, partnerStatus: status }, { cause })
  if (status !== undefined) return integrationError('INTEGRATION_PARTNER_REFUSED', { ...at, partnerStatus: status, answer: { rejected: rejectedOf(error) } }, { cause })
  if (mayBeTaken) return new PartnerFailure({ why: 'lost', reached: true, reason: 'the connection was lost before the relay said that it has the mail' }, cause)
  return new PartnerFailure({ why: 'unreachable', reached: false, reason: 'the connection was lost before the mail was whole' }, cause)
}

/** What the relay would have answered: it said how much it takes, and nodemailer believes it. */
const tooLarge = 552

function statusOf({ responseCode }: SmtpError): number | undefined {
  return typeof responseCode === 'number' && responseCode >= 400 && responseCode <= 599 ? responseCode : undefined
}

function rejectedOf({ rejectedErrors = [] }: SmtpError): { readonly address: string; readonly status: number }[] {
  return rejectedErrors.map(({ recipient, responseCode }) => ({ address: typeof recipient === 'string' ? recipient : '', status: typeof responseCode === 'number' ? responseCode : 0 }))
}

/** By the code of the system or of TLS, which says more than nodemailer's own. */
function connectionOf(error: SmtpError): string {
  if (error.code === undefined) return error.message
  return noConnection(Object.assign(new Error(error.message), { code: error.originalCode ?? error.code }))
}
