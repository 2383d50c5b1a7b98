/** A mailbox of a mail, with the name that a reader is shown. */
export interface MailAddress {
  readonly address: string
  readonly name?: string
}

/** What a text in the manifest that stands for an address is made of; both may have placeholders. */
export interface AddressTemplate {
  /** Empty when there is none. */
  readonly name: string
  readonly address: string
}

/**
 * ASCII alone, and no quoted names: what has a meaning to a relay (`%` and `!` route, a pipe, a comma, a space) is no
 * part of it, so that one address stays one.
 */
const local = "[A-Za-z0-9#$&'*+/=?^_~-]+"
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const pattern = new RegExp(`^(?=[^@]{1,64}@)${local}(?:\\.${local})*@${label}(?:\\.${label})*$`)

export function isAddress(text: string): boolean {
  return text.length <= 254 && pattern.test(text)
}

/** `Name <address>`, or an address alone; split before anything is filled in, so that nothing which is filled in can be the other part. */
export function splitAddress(template: string): AddressTemplate {
  const [, name = '', address = template] = /^([^<>]*)<([^<>]*)>$/.exec(template) ?? []
  return { name: name.trim().replace(/^"([^"]*)"$/, '$1'), address: address.trim() }
}

/** True for a text that fits into one header line: without what ends a line, or does so for some readers. */
export function isOneLine(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- what a header must not hold
  return !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text)
}
