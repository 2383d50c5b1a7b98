import { randomUUID } from 'node:crypto'
import type { SettingsOf } from '../../kernel/plugin.ts'
import { signedHeaders, verifyMessage } from '../../kernel/ports/integrations/signatures/http-signature.ts'
import { readSecret, readSignatureKey } from '../../kernel/ports/integrations/signatures/keys.ts'
import type { AnswerMessage, RequestMessage } from '../../kernel/ports/integrations/signatures/message.ts'
import { verifyWebhook, webhookHeaders } from '../../kernel/ports/integrations/signatures/webhooks.ts'
import { keyText, readingKey } from './named-keys.ts'
import type { settings as declared } from './settings.ts'

type SigningSettings = Pick<SettingsOf<typeof declared>, 'keys' | 'signing' | 'verify' | 'idempotencyHeader'>

/** The headers that sign a request with this body. */
export type Sign = (request: RequestMessage, body: string | undefined, nowMs: number) => Readonly<Record<string, string>>

/** Why an answer is not the partner's own; undefined when it is. */
export type Judge = (answer: AnswerMessage, body: Buffer, nowMs: number) => string | undefined

/** Undefined when requests are not signed. @throws Error that says which setting is wrong. */
export function readSigning({ keys, signing, idempotencyHeader }: SigningSettings): Sign | undefined {
  const { key: name, scheme, algorithm, keyId } = signing
  if (name === undefined) return undefined
  const text = keyText(keys, name, 'signing')
  const keyHeader = idempotencyHeader.toLowerCase()
  if (scheme === 'standard-webhooks') {
    const secret = readingKey('signing', () => readSecret(text))
    // A repeat of a call has the key of the first: by it receivers know what they have seen.
    return ({ headers }, body = '', nowMs) => webhookHeaders(idOf(headers[keyHeader]), nowMs, body, [secret])
  }

  const key = readingKey('signing', () => readSignatureKey(text, algorithm, 'sign', keyId ?? name))
  return (request, body, nowMs) => {
    const components = ['@method', '@target-uri', ...(body === undefined ? [] : ['content-digest', 'content-type']), ...(request.headers[keyHeader] === undefined ? [] : [keyHeader])]
    return signedHeaders(request, body, { key, components, createdMs: nowMs, nonce: randomUUID() })
  }
}

/** An id of Standard Webhooks has no dots. */
function idOf(key: string | readonly string[] | undefined): string {
  return typeof key === 'string' && !key.includes('.') ? key : randomUUID()
}

/** Undefined when answers need no signature. @throws Error that says which setting is wrong. */
export function readVerification({ keys, verify }: SigningSettings): Judge | undefined {
  const { key: name, scheme, algorithm, keyId, covers, toleranceMs } = verify
  if (name === undefined) return undefined
  const text = keyText(keys, name, 'verify')
  if (scheme === 'standard-webhooks') {
    const secret = readingKey('verify', () => readSecret(text))
    return ({ headers }, body, nowMs) => wrongIn(verifyWebhook(headers, body, { keys: [secret], nowMs, toleranceMs }))
  }

  const key = readingKey('verify', () => readSignatureKey(text, algorithm, 'verify', keyId))
  return (answer, body, nowMs) => wrongIn(verifyMessage(answer, body, { keys: [key], nowMs, toleranceMs, required: covers }))
}

function wrongIn(verified: object): string | undefined {
  return 'bad' in verified && typeof verified.bad === 'string' ? verified.bad : undefined
}
