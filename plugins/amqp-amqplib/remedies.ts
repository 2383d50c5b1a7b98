import { isPorticoError } from '../../kernel/plugin.ts'
import { codeOf, replyCode } from './faults.ts'

/** True for what no second attempt can cure. */
export function isHopeless(error: unknown): boolean {
  const words = wordsOf(error)
  return isPorticoError(error) || isCertificateTrouble(error) || /ACCESS.REFUSED|NOT_ALLOWED|ConnectionOpenOk|Handshake terminated|Invalid URL|Expected amqp/i.test(words)
    || codeOf(error) === replyCode.precondition || codeOf(error) === 'ENOENT' || codeOf(error) === 'EACCES'
}

/** What to change, in one line. */
export function remedy(connection: string, error: unknown): string {
  if (isPorticoError(error)) return error.message
  const at = `connections.${connection}.with`
  const words = wordsOf(error)
  const code = codeOf(error)

  if (code === replyCode.precondition) return `something of that name is there with other arguments (${words}); move its messages and delete it, or choose another name`
  if (/ACCESS.REFUSED.*(queue|exchange)|access to (queue|exchange)/i.test(words)) return `its user may not declare what it needs (${words}); grant it configure, write and read`
  if (/ACCESS.REFUSED/i.test(words)) return `it refuses the user or the password of ${at}.url (${words})`
  // The SDK tells a vhost that was refused by the frames that came, without the broker's words.
  if (/NOT_ALLOWED|vhost|ConnectionOpenOk/i.test(words)) return `its user may not use that vhost, or it is not there (${words}); correct the end of ${at}.url`
  if (/Invalid URL|Expected amqp/i.test(words)) return `${at}.url is no address of a broker; write amqp://user:password@host:5672/vhost`
  if (isCertificateTrouble(error)) return `its TLS certificate is not accepted (${words}); let ${at}.tls.ca name the authority that signed it, and the url the host that it is for`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its host is not known (${words}); correct ${at}.url`
  if (code === 'ECONNREFUSED') return `nobody listens at the address (${words}); start the broker, or correct ${at}.url`
  if (code === 'ENOENT' || code === 'EACCES') return `a file of ${at}.tls cannot be read (${words})`
  if (/EPROTO|SSL|TLS|wrong version number/i.test(`${String(code)} ${words}`)) return `it does not speak TLS here (${words}); write amqp:// or amqps:// as the broker has it`
  return `it does not answer (${words}); is it up, and does it want amqps://?`
}

function isCertificateTrouble(error: unknown): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(String(codeOf(error)))
}

/** On one line. */
function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim()
}
