import type { Json } from '../../kernel/plugin.ts'
import { findBadText } from '../../kernel/ports/text.ts'
import { maskAt, maskTexts, maxExchangeDepth, PartnerFailure, readPointer, type Exchange, type PartnerAnswer, type PartnerRequest, type Pointer, type RecordedAnswer } from '../../kernel/ports/integrations/index.ts'

export interface Masks {
  /** Below the input, and below the answer's JSON. */
  readonly input: readonly Pointer[]
  readonly output: readonly Pointer[]
  /** As the manifest wrote those of the input. */
  readonly ofInput: readonly string[]
  /** Whether a text holds one of the settings that is shown nowhere. */
  isHidden(text: string): boolean
}

/** A shorter text is no secret, and hiding it would garble everything else. */
const minSecretChars = 4
/** Of the words of a secret: the credentials without their scheme. */
const minWordChars = 8

/** What every client says; as secrets they would hide most of what is said about media types. */
const open: ReadonlySet<string> = new Set(['accept', 'accept-language', 'user-agent'])

/** @throws Error that says which pointer is wrong. */
export function readMasks(mask: readonly string[], headers: Readonly<Record<string, string>>, keys: Readonly<Record<string, string>>): Masks {
  for (const pointer of mask) {
    if (!/^\/(input|output)(\/([^~/]|~[01])*)*$/.test(pointer)) throw new Error(`record.mask: ${JSON.stringify(pointer)} is no JSON pointer that begins with /input or /output`)
  }
  const ofInput = mask.filter((pointer) => /^\/input(\/|$)/.test(pointer))
  const read = (pointers: readonly string[]) => pointers.map((pointer) => readPointer(pointer).slice(1))
  const closed = Object.entries(headers).flatMap(([name, value]) => (open.has(name.toLowerCase()) ? [] : [value]))
  const words = closed.flatMap((value) => value.split(' ')).filter(({ length }) => length >= minWordChars)
  const secrets = [...closed, ...Object.values(keys)].filter(({ length }) => length >= minSecretChars)
  const hidden = [...new Set([...secrets, ...words])]
  return { ofInput, input: read(ofInput), output: read(mask.filter((pointer) => !ofInput.includes(pointer))), isHidden: (text) => hidden.some((secret) => text.includes(secret)) }
}

/** A call and its outcome with everything masked; undefined when it cannot be told without a secret. */
export function exchangeOf({ operation, input }: PartnerRequest, outcome: PartnerAnswer | PartnerFailure, masks: Masks, at: Date): Exchange | undefined {
  const masked = [...masks.ofInput]
  const shownInput = maskTexts(maskAt(input, masks.input), masks.isHidden, (pointer) => masked.push(`/input${pointer}`))
  const told = outcome instanceof PartnerFailure ? { failure: { ...outcome.no } } : { answer: recorded(outcome, masks) }
  if (hasHiddenName(shownInput, masks) || ('answer' in told && hasHiddenName(told.answer.body ?? null, masks))) return undefined
  return { operation, input: shownInput, at: at.toISOString(), ...(masked.length > 0 && { masked }), ...told }
}

function recorded({ status, mediaType, text, retryAfterMs }: PartnerAnswer, masks: Masks): RecordedAnswer {
  const head = { status, mediaType: /^[\w.+*-]{1,60}\/[\w.+*-]{1,100}$/.test(mediaType) ? mediaType : '', ...(retryAfterMs !== undefined && { retryAfterMs }) }
  if (text === '') return head
  const body = parse(text)
  if (body === undefined || findBadText(body, { maxDepth: maxExchangeDepth - 5 })) return { ...head, leftOut: true }
  return { ...head, body: maskTexts(maskAt(body, masks.output), masks.isHidden, () => undefined) }
}

/** Whether a member is called by what is to be hidden: names are not masked. */
function hasHiddenName(value: Json, masks: Masks): boolean {
  return typeof value === 'object' && value !== null && Object.entries(value).some(([name, item]) => masks.isHidden(name) || hasHiddenName(item, masks))
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
