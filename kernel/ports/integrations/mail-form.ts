import type { JsonSchema } from '../../json.ts'
import type { KeyFault } from '../definition.ts'
import { isAddress, isOneLine, splitAddress } from './mail-address.ts'

/** The mail that an operation sends: texts with placeholders. */
export interface MailForm {
  /** The driver's own sender unless set. */
  readonly from?: string
  readonly to: string | readonly string[]
  readonly cc?: string | readonly string[]
  readonly bcc?: string | readonly string[]
  readonly replyTo?: string
  readonly subject: string
  /** One of `text` and `html`, or both as alternatives. */
  readonly text?: string
  readonly html?: string
}

const addressText = { type: 'string', minLength: 1, maxLength: 500 } as const
const addresses = { anyOf: [addressText, { type: 'array', minItems: 1, maxItems: 50, items: addressText }] } as const
const body = { type: 'string', minLength: 1, maxLength: 200_000 } as const

/** What a driver that sends mail declares as its `entry`. */
export const mailForm = {
  type: 'object',
  required: ['mail'],
  properties: {
    mail: {
      type: 'object', additionalProperties: false, required: ['to', 'subject'],
      description: 'The mail that the operation sends: texts in which `{field}` is filled from the input.',
      properties: {
        from: { ...addressText, description: 'Whom it is from, in place of the sender of the settings: `Shop <shop@example.com>`; only the name may have fields.' },
        to: { ...addresses, description: 'An address or several: `"{email}"`, which may be a list in the input, or `"{name} <{email}>"`.' },
        cc: { ...addresses, description: 'Likewise; one that is nothing but `{field}` is left out when the input has no such field.' },
        bcc: { ...addresses, description: 'Likewise; the mail does not tell of them.' },
        replyTo: { ...addressText, description: 'Where answers go, likewise.' },
        subject: { type: 'string', minLength: 1, maxLength: 500, description: 'One line.' },
        text: { ...body, description: 'The mail as plain text.' },
        html: { ...body, description: 'The mail as HTML; what is filled in is escaped, and fits into text and into quoted attributes.' },
      },
    },
  },
} as const satisfies JsonSchema

export function listOf(texts: string | readonly string[] | undefined): readonly string[] {
  return typeof texts === 'string' ? [texts] : (texts ?? [])
}

/** What is wrong with a mail that keeps its schema. */
export function faultsOfMail({ mail }: { readonly mail?: MailForm }): readonly KeyFault[] {
  if (!mail) return []
  const faults: KeyFault[] = []
  const fault = (path: readonly string[], message: string) => faults.push({ path: ['mail', ...path], message })

  for (const key of ['from', 'to', 'cc', 'bcc', 'replyTo'] as const) {
    const texts = mail[key]
    listOf(texts).forEach((text, index) => {
      const message = wrongAddress(text, key === 'from')
      if (message !== undefined) fault(typeof texts === 'string' ? [key] : [key, String(index)], message)
    })
  }
  if (!isOneLine(mail.subject)) fault(['subject'], 'must be one line, without control characters')
  if (mail.text === undefined && mail.html === undefined) fault([], 'has no text; write `text`, `html`, or both')
  return faults
}

function wrongAddress(text: string, isSender: boolean): string | undefined {
  const { name, address } = splitAddress(text)
  const hasFields = /\{\w+\}/.test(address)
  if (isSender && hasFields) return 'must not take its address from the input: the sender is not for a caller to say'
  // In place of a field stands something that it may hold.
  const filled = /^\{\w+\}$/.test(address) ? 'a@b' : address.replaceAll(/\{\w+\}/g, 'a')
  if (isOneLine(name) && isAddress(filled)) return undefined
  return 'is no address; write `ada@example.com` or `Ada <ada@example.com>`, with `{field}` for what comes from the input'
}
