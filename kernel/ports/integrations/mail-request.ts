import type { FieldError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import type { MailRequest } from './driver.ts'
import { isAddress, isOneLine, splitAddress, type MailAddress } from './mail-address.ts'
import { listOf, type MailForm } from './mail-form.ts'
import { isObject } from './request.ts'
import { Filling } from './template.ts'

export type MadeMail = { readonly request: MailRequest } | { readonly errors: readonly FieldError[] }

const maxRecipients = 50
const maxLineLength = 500
/** Of what the fields add to the texts, in characters: a long one may stand in them many times. */
const maxFilledLength = 2_000_000

type Encode = (text: string) => string | { readonly bad: string }

const asLine: Encode = (text) => (isOneLine(text) && text.length <= maxLineLength ? text : { bad: `must be one line of ${maxLineLength} characters at most, without control characters` })
/** What an address is made of beside the text of the manifest. */
const asPart: Encode = (text) => (/^[^\s@<>,;:"()[\]\\]{1,254}$/.test(text) ? text : { bad: 'must be a part of an address' })

/** The mail that an operation and its input make; a field of the input that no text names stays out of it. */
export function makeMail(form: MailForm, input: Json): MadeMail {
  const filling = new Filling(isObject(input) ? input : undefined)
  const { errors } = filling
  const addresses = (key: 'from' | 'to' | 'cc' | 'bcc' | 'replyTo') => listOf(form[key]).flatMap((text) => addressesOf(text, key, filling))

  const [from] = addresses('from')
  const [replyTo, ...more] = addresses('replyTo')
  const [to, cc, bcc] = [addresses('to'), addresses('cc'), addresses('bcc')]
  const subject = filling.fill(form.subject, 'subject', asLine)
  const left = { length: maxFilledLength }
  const text = form.text === undefined ? undefined : filling.fill(form.text, 'text', within(left, (value) => value))
  const html = form.html === undefined ? undefined : filling.fill(form.html, 'html', within(left, escapeHtml))

  if (errors.length === 0) {
    if (to.length === 0) errors.push({ path: '/input', message: 'names nobody that the mail is for' })
    if (to.length + cc.length + bcc.length > maxRecipients) errors.push({ path: '/input', message: `names more than ${maxRecipients} recipients` })
    if (more.length > 0) errors.push({ path: '/input', message: 'names more than one address for answers' })
    if (subject.length > maxLineLength) errors.push({ path: '/input', message: `makes a subject of more than ${maxLineLength} characters` })
  }
  if (errors.length > 0) return { errors: errors.slice(0, maxErrors) }
  return { request: { ...(from && { from }), to, cc, bcc, ...(replyTo && { replyTo }), subject, ...(text !== undefined && { text }), ...(html !== undefined && { html }) } }
}

const maxErrors = 20

/** None for one that is nothing but a field which the input does not have, unless the mail is for it. */
function addressesOf(template: string, key: string, filling: Filling): readonly MailAddress[] {
  const parts = splitAddress(template)
  const lone = parts.name === '' ? filling.lone(parts.address) : undefined
  if (lone) {
    if (lone.value === undefined && key !== 'to') return []
    return given(lone.value, lone.name, filling)
  }

  const before = filling.errors.length
  const name = filling.fill(parts.name, key, asLine)
  // With a name beside it a field may be the whole address.
  const address = filling.fill(parts.address, key, filling.lone(parts.address) ? (text) => (isAddress(text) ? text : { bad: mustBe }) : asPart)
  if (filling.errors.length > before) return []
  if (!isAddress(address) || name.length > maxLineLength) filling.errors.push({ path: '/input', message: `makes no address for ${key}` })
  return [{ address, ...(name !== '' && { name }) }]
}

const mustBe = 'must be an address, such as ada@example.com'

/** An address of the input, or a list of them. */
function given(value: Json | undefined, field: string, filling: Filling): readonly MailAddress[] {
  const list: readonly (Json | undefined)[] = Array.isArray(value) ? (value as readonly Json[]).slice(0, maxRecipients + 1) : [value]
  const texts = list.filter((one): one is string => typeof one === 'string' && isAddress(one))
  if (texts.length < list.length) filling.fail(field, `${mustBe}, or a list of these`)
  return texts.map((address) => ({ address }))
}

/** Refuses what would fill the texts beyond the length that is left for them. */
function within(left: { length: number }, encode: (text: string) => string): Encode {
  return (text) => {
    const encoded = left.length < text.length ? '' : encode(text)
    left.length -= Math.max(encoded.length, text.length)
    return left.length < 0 ? { bad: `fills the mail beyond ${maxFilledLength} characters` } : encoded
  }
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
