import { verifyMessage } from '../signatures/http-signature.ts'
import { readSecret, readSignatureKey } from '../signatures/keys.ts'
import type { MessageHeaders } from '../signatures/message.ts'
import { verifyWebhook } from '../signatures/webhooks.ts'
import { maxToleranceMs, type VerifyKeys } from './keys.ts'

/** A request as it came, its body not looked at. */
export interface RawMessage {
  readonly method: string
  /** By lower-case name. */
  readonly headers: MessageHeaders
  readonly body: Uint8Array
}

/** What is known of a message of the partner, before its body is read. */
export interface KnownMessage {
  /** The same when the partner sends it again. */
  readonly id: string
  /** Another each time that it is sent. */
  readonly nonce: string
  readonly sentMs: number
  /** Until when the same bytes pass as well. */
  readonly untilMs: number
}

export type Verification = KnownMessage | { readonly bad: string }

/** Whether a message is the partner's, and of now; if not, why, in words that tell a stranger nothing new. */
export type Verify = (message: RawMessage, nowMs: number) => Verification

const idPattern = /^[!-~]{1,255}$/

/** @throws Error that says which key is wrong, and does not show it. */
export function makeVerify(declared: VerifyKeys): Verify {
  const { toleranceMs = maxToleranceMs } = declared
  return declared.scheme === 'standard-webhooks' ? ofWebhooks(declared, toleranceMs) : ofSignatures(declared, toleranceMs)
}

function ofWebhooks(declared: VerifyKeys, toleranceMs: number): Verify {
  const keys = readKeys(declared, (_, text) => readSecret(text))
  return ({ headers, body }, nowMs) => {
    const verified = verifyWebhook(headers, asBuffer(body), { keys, nowMs, toleranceMs })
    if ('bad' in verified) return verified
    const { id, createdMs } = verified
    // What the partner sends again has the id of the first and a time of its own.
    return { id, nonce: `${createdMs / 1_000}`, sentMs: createdMs, untilMs: createdMs + toleranceMs }
  }
}

function ofSignatures(declared: VerifyKeys, toleranceMs: number): Verify {
  const { algorithm = 'ed25519', covers = ['@method', '@target-uri'], idHeader } = declared
  const keys = readKeys(declared, (name, text) => readSignatureKey(text, algorithm, 'verify', name))
  const required = [...new Set([...covers, ...(idHeader === undefined ? [] : [idHeader])])]
  const url = new URL(declared.url ?? '')

  return ({ method, headers, body }, nowMs) => {
    const verified = verifyMessage({ method, url, headers }, asBuffer(body), { keys, nowMs, toleranceMs, required })
    if ('bad' in verified) return verified
    const { createdMs, keyId, nonce } = verified
    // Without it nobody knows whose key it was, and whose id.
    if (keyId === undefined) return { bad: 'has a signature without a keyid' }
    if (nonce === undefined || !idPattern.test(nonce)) return { bad: 'has a signature without a nonce' }
    const header = idHeader === undefined || !Object.hasOwn(headers, idHeader) ? undefined : headers[idHeader]
    const id = idHeader === undefined ? nonce : header
    if (typeof id !== 'string' || !idPattern.test(id)) return { bad: 'has an id that cannot be read' }
    return { id, nonce, sentMs: createdMs, untilMs: createdMs + toleranceMs }
  }
}

function readKeys<K>({ keys }: VerifyKeys, read: (name: string, text: string) => K): readonly K[] {
  return Object.entries(keys).map(([name, text]) => {
    try {
      return read(name, text)
    } catch (cause) {
      throw new Error(`inbound.verify.keys.${name}: it ${cause instanceof Error ? cause.message : 'cannot be read'}`, { cause })
    }
  })
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
