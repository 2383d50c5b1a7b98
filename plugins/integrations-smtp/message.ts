import { createHash } from 'node:crypto'
import MailComposer from 'nodemailer/lib/mail-composer'
import type { MailAddress, MailRequest } from '../../kernel/ports/integrations/index.ts'

/** A mail as it goes over the line. */
export interface Message {
  /** With its angle brackets. */
  readonly id: string
  readonly from: string
  /** All recipients, those that the mail does not tell of included. */
  readonly to: readonly string[]
  readonly bytes: Buffer
}

/**
 * The same for each attempt at one call, so that who deduplicates by it does so. The key is hashed: it may hold what a
 * Message-ID cannot, and is no business of the recipients.
 */
export function messageId(binding: string, operation: string, key: string, from: string): string {
  const digest = createHash('sha256').update(`${binding}\0${operation}\0${key}`).digest('hex').slice(0, 40)
  return `<${digest}@${from.slice(from.lastIndexOf('@') + 1)}>`
}

export async function composeMessage({ to, cc, bcc, replyTo, subject, text, html }: MailRequest, from: MailAddress, id: string, nowMs: number): Promise<Message> {
  const composer = new MailComposer({
    // As objects: nobody reads an address out of a text again.
    from: toNode(from), to: to.map(toNode), cc: cc.map(toNode), ...(replyTo && { replyTo: toNode(replyTo) }),
    subject, ...(text !== undefined && { text }), ...(html !== undefined && { html }),
    messageId: id, date: new Date(nowMs), headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true, disableUrlAccess: true, newline: '\r\n',
  })
  return { id, from: from.address, to: [...new Set([...to, ...cc, ...bcc].map(({ address }) => address))], bytes: await composer.compile().build() }
}

function toNode({ address, name = '' }: MailAddress): { address: string; name: string } {
  return { address, name }
}
