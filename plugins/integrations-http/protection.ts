import { PartnerFailure, type PartnerAnswer } from '../../kernel/ports/integrations/index.ts'
import type { AnswerMessage, MessageHeaders, RequestMessage } from '../../kernel/ports/integrations/signatures/message.ts'
import type { Received } from '../../kernel/ports/received.ts'
import { readDecryption, readEncryption, type Decryption, type Encrypt } from './jwe.ts'
import type { SettingsOf } from '../../kernel/plugin.ts'
import type { settings as declared } from './settings.ts'
import { readSigning, readVerification, type Judge, type Sign } from './signing.ts'

/** What stands between a call and the wire, besides TLS: bodies are encrypted, then signed; answers verified, then decrypted. */
export interface Protection {
  readonly encrypt?: Encrypt
  readonly sign?: Sign
  readonly judge?: Judge
  readonly decryption?: Decryption
}

/** @throws Error that says which setting is wrong; never with a key in it. */
export async function readProtection(settings: SettingsOf<typeof declared>): Promise<Protection> {
  const [encrypt, sign, judge, decryption] = [await readEncryption(settings), readSigning(settings), readVerification(settings), await readDecryption(settings)]
  return { ...(encrypt && { encrypt }), ...(sign && { sign }), ...(judge && { judge }), ...(decryption && { decryption }) }
}

/**
 * The answer as the partner meant it. A failure (5xx, 429) counts by its status alone when it is not signed, as that of a proxy is
 * not: whoever could forge one could as well cut the connection.
 * @throws PartnerFailure when it is not signed, or not encrypted, as it must be.
 */
export async function uncover(answer: PartnerAnswer, received: Received, request: RequestMessage, { judge, decryption }: Protection, nowMs: number): Promise<PartnerAnswer> {
  const { status } = answer
  const failed = status >= 500 || status === 429
  const wrong = judge?.(messageOf(status, received.head?.headers ?? {}, request), received.ended === 'whole' ? received.bytes : Buffer.alloc(0), nowMs)
  if (wrong !== undefined && failed) return { ...answer, mediaType: '', text: '' }
  if (wrong !== undefined) throw unreadable(wrong)
  if (!decryption || answer.text === '') return answer
  if (answer.mediaType !== 'application/jose') {
    if (decryption.required && !failed) throw unreadable('is not encrypted')
    return answer
  }
  const text = await decryption.open(answer.text)
  if (text === undefined) throw unreadable('cannot be decrypted')
  return { ...answer, mediaType: 'application/json', text }
}

function messageOf(status: number, headers: MessageHeaders, request: RequestMessage): AnswerMessage {
  return { status, headers, request }
}

function unreadable(reason: string): PartnerFailure {
  return new PartnerFailure({ why: 'unreadable', reached: true, reason })
}
